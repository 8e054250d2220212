import PintleLedger
import Testing

@Suite("Entries of drivers")
struct EntryTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("each driver lists its own entries by kind, and loses what it deletes")
    func putListDelete() throws {
        let ledger = try Ledger(directory: directory.path)
        try ledger.put(driver: "net", kind: "address", key: "10.244.0.3", owner: "b")
        try ledger.put(driver: "net", kind: "address", key: "10.244.0.2", owner: "a")
        try ledger.put(driver: "net", kind: "port", key: "80", owner: "a", durability: .process)
        try ledger.put(driver: "other", kind: "address", key: "10.244.0.2", owner: "c")
        #expect(try ledger.list(driver: "net", kind: "address").map(\.key) == ["10.244.0.2", "10.244.0.3"])
        #expect(try ledger.list(driver: "net").map(\.owner) == ["a", "b", "a"])
        try ledger.delete(driver: "net", kind: "address", key: "10.244.0.2")
        try ledger.delete(driver: "net", kind: "address", key: "10.244.0.2")
        #expect(try ledger.list(driver: "net", kind: "address").map(\.owner) == ["b"])
        #expect(try ledger.list(driver: "other").map(\.owner) == ["c"])
    }

    @Test("a key has one owner: the same may put it again, another is refused by name")
    func conflict() throws {
        let ledger = try Ledger(directory: directory.path)
        try ledger.put(driver: "net", kind: "address", key: "10.244.0.2", owner: "a")
        let first = try #require(try ledger.list(driver: "net").first)
        try ledger.put(driver: "net", kind: "address", key: "10.244.0.2", owner: "a")
        #expect(try ledger.list(driver: "net") == [first])
        do {
            try ledger.put(driver: "net", kind: "address", key: "10.244.0.2", owner: "b")
            Issue.record("the second owner was accepted")
        } catch {
            #expect(error.code == .conflict)
            #expect(error.message.contains("held by a"))
        }
        #expect(
            code { () throws(LedgerError) in try ledger.put(driver: "", kind: "k", key: "x", owner: "o") } == .invalid)
    }

    @Test("synced writes sync, others do not, and those who come together share a sync")
    func syncs() async throws {
        let ledger = try Ledger(directory: directory.path)
        let start = ledger.syncCount
        for index in 0..<20 {
            let request = IntentRequest(driver: "d", operation: "o", object: "\(index)", effect: .creates)
            try ledger.finish(try ledger.begin(request), .succeeded)
        }
        #expect(ledger.syncCount == start)
        try ledger.put(driver: "d", kind: "k", key: "one", owner: "o")
        #expect(ledger.syncCount == start + 1)
        var volume = IntentRequest(driver: "d", operation: "o", object: "v", effect: .creates)
        volume.durability = .power
        let intent = try ledger.begin(volume)
        #expect(ledger.syncCount == start + 2)
        try ledger.finish(intent, .succeeded)
        #expect(ledger.syncCount == start + 2)
    }
}
