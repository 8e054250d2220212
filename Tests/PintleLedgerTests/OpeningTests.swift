import Glibc
import PintleLedger
import Testing

@Suite("Opening and listing the ledger")
struct OpeningTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func someRequest(_ object: String) -> IntentRequest {
        IntentRequest(driver: "d", operation: "attach", object: object, owner: "default/x", effect: .creates)
    }

    @Test("a second writer is refused with the first one's pid, until the first closes")
    func secondWriter() throws {
        var first: Ledger? = try Ledger(directory: directory.path)
        #expect(first != nil)
        do {
            _ = try Ledger(directory: directory.path)
            Issue.record("two writers")
        } catch {
            #expect(error.code == .inUse)
            #expect(error.message.contains("process \(getpid())"))
        }
        first = nil
        _ = try Ledger(directory: directory.path)
    }

    @Test("the ledger can be listed under a running node and without one, and is not changed by that")
    func listing() throws {
        var ledger: Ledger? = try Ledger(directory: directory.path)
        let intent = try #require(try ledger?.begin(someRequest("a")))
        try ledger?.put(driver: "d", kind: "address", key: "1", owner: "a")
        let running = try Ledger.read(directory: directory.path)
        #expect(running.intents.map(\.intent) == [intent])
        #expect(running.entries.map(\.key) == ["1"])
        ledger = nil
        for _ in 0..<2 {
            let stopped = try Ledger.read(directory: directory.path)
            #expect(stopped.intents == running.intents)
            #expect(stopped.entries == running.entries)
        }
        #expect(try Ledger(directory: directory.path).contents().intents == running.intents)
    }

    @Test("all files are for their owner only")
    func modes() throws {
        let ledger = try Ledger(directory: directory.path)
        #expect(directory.names == ["ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.lock"])
        for name in directory.names { #expect(directory.mode(of: name) == 0o600, "\(name)") }
        ledger.close()
        #expect(code { () throws(LedgerError) in _ = try ledger.begin(someRequest("a")) } == .closed)
    }

    @Test("a missing, foreign or future file is refused with its path")
    func badFiles() throws {
        #expect(code { () throws(LedgerError) in _ = try Ledger.read(directory: directory.path) } == .notFound)
        let missing = directory.path + "/nowhere"
        #expect(code { () throws(LedgerError) in _ = try Ledger(directory: missing) } == .inputOutput)
        let path = directory.path + "/ledger.db"
        let file = open(path, O_WRONLY | O_CREAT, 0o600)
        let garbage = [UInt8](repeating: 0x41, count: 8192)
        #expect(write(file, garbage, garbage.count) == garbage.count)
        close(file)
        do {
            _ = try Ledger(directory: directory.path)
            Issue.record("garbage was opened")
        } catch {
            #expect(error.code == .corrupt)
            #expect(error.message.contains(path))
        }
        #expect(code { () throws(LedgerError) in _ = try Ledger.read(directory: directory.path) } == .corrupt)
        unlink(path)
        try Ledger(directory: directory.path).close()
        // user_version is the big-endian word at offset 60 of the header.
        let header = open(path, O_WRONLY)
        let version: [UInt8] = [0, 0, 0, 99]
        #expect(pwrite(header, version, 4, 60) == 4)
        close(header)
        #expect(code { () throws(LedgerError) in _ = try Ledger(directory: directory.path) } == .unsupported)
        #expect(code { () throws(LedgerError) in _ = try Ledger.read(directory: directory.path) } == .unsupported)
    }

    @Test("thousands of calls from several threads leave a small log and the right rows")
    func manyThreads() throws {
        let ledger = try Ledger(directory: directory.path)
        try onThreads(4) {
            for index in 0..<1500 {
                let request = IntentRequest(
                    driver: "d\(pthread_self())", operation: "o", object: "\(index % 10)", effect: .creates)
                if let intent = try? ledger.begin(request) { try? ledger.finish(intent, .succeeded) }
            }
        }
        let rows = try ledger.contents().intents
        #expect(rows.count == 40)
        #expect(rows.allSatisfy { $0.state == .held })
        var facts = stat()
        #expect(stat(directory.path + "/ledger.db-wal", &facts) == 0)
        #expect(facts.st_size < 16 * 1024 * 1024)
    }
}
