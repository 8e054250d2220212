import Glibc
import PintleLedger
import Synchronization
import Testing

/// Set in the child of ``CrashTests``: this binary again, with a test that writes here until it is killed.
private let childDirectory: String? = getenv("PINTLE_LEDGER_CHILD").map { String(cString: $0) }

@Suite("Being killed")
struct CrashTests {
    @Test("a process killed at a random moment keeps every acknowledged intent, result and entry")
    func randomKills() throws {
        if let childDirectory { return try write(to: childDirectory) }
        let seed = getenv("PINTLE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...999_999)
        print("PINTLE_SEED=\(seed)")
        var random = SplitMix(state: seed)
        for round in 0..<8 {
            let directory = try TemporaryDirectory()
            let child = try LedgerChild(directory: directory.path)
            let acknowledged = try child.run(killAfter: Int(random.next() % 2_000) + 1, random.next() % 3_000)
            let ledger = try Ledger(directory: directory.path)
            let contents = try ledger.contents()
            let open = Set(try ledger.openIntents().map(\.intent.object))
            let held = Set(contents.intents.filter { $0.state == .held }.map(\.intent.object))
            let keys = Set(contents.entries.map(\.key))
            for (object, step) in acknowledged.steps {
                switch step {
                case "begun": #expect(open.contains(object) || held.contains(object), "round \(round) \(object)")
                case "held": #expect(held.contains(object), "round \(round) \(object)")
                case "put": #expect(keys.contains(object), "round \(round) \(object)")
                default: Issue.record("unknown step \(step)")
                }
            }
            // At most one more per thread than was acknowledged.
            #expect(contents.intents.count + keys.count <= acknowledged.steps.count + LedgerChild.threads)
            #expect(acknowledged.steps.count > 0)
        }
    }

    @Test(
        "a process that ends at a named point leaves an intent exactly when it was written",
        arguments: Ledger.CrashPoint.allCases)
    func namedPoints(_ point: Ledger.CrashPoint) throws {
        let directory = try TemporaryDirectory()
        let child = try LedgerChild(directory: directory.path, point: point.rawValue)
        let acknowledged = try child.run(killAfter: Int.max, 0)
        let ledger = try Ledger(directory: directory.path)
        let open = try ledger.openIntents()
        switch point {
        case .beforeIntent:
            #expect(acknowledged.steps.isEmpty && open.isEmpty)
        case .inGroupCommit:
            #expect(acknowledged.steps.isEmpty)
            #expect(open.map(\.state) == [.open])
        case .beforeResult:
            #expect(Array(acknowledged.steps.values) == ["begun"])
            #expect(open.map(\.intent.object) == Array(acknowledged.steps.keys))
        }
    }

    /// What the child does: writes and reports until it is killed.
    private func write(to directory: String) throws {
        let point = getenv("PINTLE_LEDGER_POINT").map { String(cString: $0) }
        let ledger = try Ledger(directory: directory) { if $0.rawValue == point { kill(getpid(), SIGKILL) } }
        try onThreads(point == nil ? LedgerChild.threads : 1) {
            for index in 0... {
                let object = "\(pthread_self())-\(index)"
                let request = IntentRequest(
                    driver: "d", operation: "o", object: object, effect: .creates,
                    durability: index % 4 == 0 ? .power : .process)
                guard let intent = try? ledger.begin(request) else { return }
                LedgerChild.acknowledge("begun \(object)\n")
                if index % 3 == 0 {
                    guard (try? ledger.finish(intent, .succeeded)) != nil else { return }
                    LedgerChild.acknowledge("held \(object)\n")
                }
                if index % 5 == 0 {
                    guard (try? ledger.put(driver: "d", kind: "k", key: "e" + object, owner: "o")) != nil else {
                        return
                    }
                    LedgerChild.acknowledge("put e\(object)\n")
                }
            }
        }
        Issue.record("the child was not killed")
    }
}
