import PintleLedger
import Testing

@Suite("Intents")
struct IntentTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func request(
        _ object: String = "pod-a", _ effect: IntentEffect = .creates, _ durability: Durability = .process
    ) -> IntentRequest {
        IntentRequest(
            driver: "dev.pintle.test", operation: "publish", object: object, owner: "default/a", digest: [1, 2, 3],
            effect: effect, durability: durability)
    }

    @Test("an intent is in the ledger before the call and shows all that was said about it")
    func beginIsVisible() throws {
        let ledger = try Ledger(directory: directory.path)
        let intent = try ledger.begin(request())
        let record = try #require(try ledger.openIntents().first)
        #expect(record.intent == intent)
        #expect(record.operation == "publish")
        #expect(record.owner == "default/a")
        #expect(record.digest == [1, 2, 3])
        #expect(record.state == .open)
        #expect(record.durability == .process)
        #expect(record.bootID == ledger.bootID)
        #expect(record.time > 1_700_000_000_000_000_000)
    }

    @Test("a call that created leaves a held object, which the call that removes takes away")
    func createThenRemove() throws {
        let ledger = try Ledger(directory: directory.path)
        try ledger.finish(try ledger.begin(request()), .succeeded)
        #expect(try ledger.contents().intents.map(\.state) == [.held])
        #expect(try ledger.openIntents().isEmpty)
        let removal = try ledger.begin(request("pod-a", .removes))
        #expect(try ledger.contents().intents.map(\.state) == [.held, .open])
        try ledger.finish(removal, .succeeded)
        #expect(try ledger.contents().isEmpty)
    }

    @Test("creating again leaves one row, as old as the object")
    func repeatedCreation() throws {
        let ledger = try Ledger(directory: directory.path)
        try ledger.finish(try ledger.begin(request()), .succeeded)
        let first = try #require(try ledger.contents().intents.first)
        try ledger.finish(try ledger.begin(request()), .succeeded)
        let rows = try ledger.contents().intents
        #expect(rows.count == 1)
        #expect(rows.first?.time == first.time)
        #expect(rows.first.map { $0.intent.sequence > first.intent.sequence } == true)
    }

    @Test("what failed cleanly leaves nothing, what changed leaves the object only")
    func failureAndChange() throws {
        let ledger = try Ledger(directory: directory.path)
        try ledger.finish(try ledger.begin(request("b")), .failed)
        #expect(try ledger.contents().isEmpty)
        try ledger.finish(try ledger.begin(request("a")), .succeeded)
        try ledger.finish(try ledger.begin(request("a", .changes)), .succeeded)
        try ledger.finish(try ledger.begin(request("a", .removes)), .failed)
        #expect(try ledger.contents().intents.map(\.state) == [.held])
    }

    @Test("a call that was given up stays until it is reconciled")
    func unknownOutcome() throws {
        let ledger = try Ledger(directory: directory.path)
        let intent = try ledger.begin(request())
        try ledger.finish(intent, .unknown)
        #expect(try ledger.openIntents().map(\.state) == [.unknown])
        try ledger.finish(intent, .succeeded)
        #expect(try ledger.contents().intents.map(\.state) == [.held])
        let removal = try ledger.begin(request("pod-a", .removes))
        try ledger.finish(removal, .unknown)
        #expect(try ledger.contents().intents.map(\.state) == [.held, .unknown])
        try ledger.finish(try ledger.begin(request()), .succeeded)
        #expect(try ledger.contents().intents.map(\.state) == [.held])
        #expect(code { () throws(LedgerError) in try ledger.finish(removal, .succeeded) } == .notFound)
    }

    @Test("closing an intent twice or without a name says so")
    func misuse() throws {
        let ledger = try Ledger(directory: directory.path)
        let intent = try ledger.begin(request())
        try ledger.finish(intent, .failed)
        #expect(code { () throws(LedgerError) in try ledger.finish(intent, .succeeded) } == .notFound)
        #expect(code { () throws(LedgerError) in _ = try ledger.begin(request("")) } == .invalid)
    }

    @Test("an intent that was open when the process ended is found by the next one")
    func reopening() throws {
        var ledger: Ledger? = try Ledger(directory: directory.path)
        let left = try #require(try ledger?.begin(request("left")))
        ledger = nil
        let next = try Ledger(directory: directory.path)
        #expect(try next.openIntents().map(\.intent) == [left])
        #expect(left.sequence < next.firstSequence)
        #expect(try next.begin(request("new")).sequence >= next.firstSequence)
        #expect(next.rebooted == false)
    }

    @Test("after a reboot what lived in the kernel is forgotten, and what lives on disk is kept")
    func reboot() throws {
        var ledger: Ledger? = try Ledger(directory: directory.path, bootID: "first")
        #expect(ledger?.previousBootID == nil)
        _ = try ledger?.begin(request("link"))
        let volume = try #require(try ledger?.begin(request("volume", .creates, .power)))
        try ledger?.finish(volume, .succeeded)
        ledger = nil
        let next = try Ledger(directory: directory.path, bootID: "second")
        #expect(next.rebooted)
        #expect(next.previousBootID == "first")
        #expect(try next.forgetObjectsOfEarlierBoots().map(\.intent.object) == ["link"])
        #expect(try next.contents().intents.map(\.intent.object) == ["volume"])
        try next.forget(driver: "dev.pintle.test", object: "volume")
        #expect(try next.contents().isEmpty)
    }
}

/// The code of the error that `body` throws, if any.
func code(_ body: () throws(LedgerError) -> Void) -> LedgerError.Code? {
    do {
        try body()
        return nil
    } catch {
        return error.code
    }
}
