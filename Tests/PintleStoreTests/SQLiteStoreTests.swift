import Glibc
import PintleStore
import Testing

@Suite("The SQLite store")
struct SQLiteStoreTests {
    @Test("a write happens only when the object is as expected")
    func compareAndSwap() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let first = try await storage.create(key("a"), body("a", "1"))
        #expect(await failure { _ = try await storage.create(key("a"), body("a", "2")) }?.code == .alreadyExists)
        let second = try await storage.replace(first, with: body("a", "2"))
        #expect(second.revision == first.revision + 1)
        let conflict = await failure { _ = try await storage.replace(first, with: body("a", "3")) }
        #expect(conflict?.code == .conflict && conflict?.currentRevision == second.revision)
        #expect(await failure { _ = try await storage.remove(first) }?.code == .conflict)
        try await storage.remove(second)
        #expect(await failure { _ = try await storage.remove(second) }?.code == .notFound)
        #expect(storage.cache.find(key("a")) == nil)
        storage.close()
    }

    @Test("the resourceVersion is in what is read and not in what is stored")
    func splicing() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let made = try await storage.create(key("a"), body("a", "1"))
        let expected =
            #"{"kind":"ConfigMap","metadata":{"resourceVersion":"\#(made.revision)","name":"a"},"data":{"v":"1"}}"#
        #expect(made.text == expected)
        #expect(made.isEqual(to: try body("a", "1")))
        #expect(!made.isEqual(to: try body("a", "2")))
        let same = try await storage.replace(made, with: body("a", "1"))
        #expect(same === made)
        storage.close()
    }

    @Test("metadata is found behind other members, and may be empty")
    func metadataAnywhere() throws {
        let tricky = #"{"a":"metadata\"","b":[{"metadata":{}}],"metadata" : { } ,"z":1}"#
        let object = try EncodedObject(Array(tricky.utf8))
        #expect(object.bytes.count == tricky.utf8.count)
        for wrong in ["", "[]", "{}", #"{"metadata":1}"#, #"{"a":"#, #"{"spec":{"metadata":{}}}"#] {
            #expect(throws: StoreError.self) { try EncodedObject(Array(wrong.utf8)) }
        }
    }

    @Test("revisions go on where they were after a restart, also when the last write was a removal")
    func revisionsSurvive() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let a = try await storage.create(key("a"), body("a"))
        _ = try await storage.create(key("b"), body("b"))
        let last = try await storage.remove(a)
        storage.close()
        let again = try fixture.open()
        #expect(again.cache.revision == last)
        #expect(again.cache.find(key("b"))?.text.contains(#""name":"b""#) == true)
        let next = try await again.create(key("c"), body("c"))
        #expect(next.revision == last + 1)
        again.close()
    }

    @Test("a second opener is told that the store is in use, and by whom")
    func secondOpener() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let error = await failure { _ = try fixture.open() }
        #expect(error?.code == .locked && error?.message.contains("pid \(getpid())") == true)
        storage.close()
        try fixture.open().close()
    }

    @Test("a file that is no store, or a newer one, is refused and left as it is")
    func foreignFiles() async throws {
        let fixture = try StoreFixture()
        let text = String(repeating: "this is not a database\n", count: 100)
        try #require(
            text.withCString { pointer in
                let file = fopen(fixture.path, "w")
                defer { fclose(file) }
                return fputs(pointer, file) >= 0
            })
        #expect(await failure { _ = try fixture.open() }?.code == .corrupt)
        var status = stat()
        #expect(stat(fixture.path, &status) == 0 && status.st_size == text.utf8.count)
    }

    @Test("a directory that does not exist is named in the error")
    func missingDirectory() async {
        let error = await failure { _ = try ObjectStorage(SQLiteStore(path: "/nonexistent/store.db")) }
        #expect(error?.code == .io && error?.message.contains("/nonexistent/store.db") == true)
    }

    @Test("writes after closing fail")
    func closed() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        storage.close()
        #expect(await failure { _ = try await storage.create(key("a"), body("a")) }?.code == .closed)
    }

    @Test("the file is readable by its owner only")
    func mode() throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        var status = stat()
        #expect(stat(fixture.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        storage.close()
    }

    @Test("concurrent writers of one object lose no update, and each revision is given once")
    func concurrentWriters() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        _ = try await storage.create(key("n"), counter(0))
        let revisions = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var mine: [Int64] = []
                    while mine.count < 50 {
                        let current = try #require(storage.cache.find(key("n")))
                        do throws(StoreError) {
                            mine.append(try await storage.replace(current, with: counter(value(current) + 1)).revision)
                        } catch {
                            if error.code != .conflict { throw error }
                        }
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(value(try #require(storage.cache.find(key("n")))) == 400)
        #expect(Set(revisions).count == 400)
        storage.close()
    }

    @Test("a thousand objects load in a fraction of a second")
    func loadsFast() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let filler = String(repeating: "x", count: 3000)
        await withTaskGroup(of: Void.self) { group in
            for i in 0..<1000 {
                group.addTask { _ = try? await storage.create(key("o\(i)"), body("o\(i)", filler)) }
            }
        }
        storage.close()
        let clock = ContinuousClock()
        var loaded: ObjectStorage?
        let time = try clock.measure { loaded = try fixture.open() }
        print("loading 1,000 objects of 3 kB: \(time)")
        #expect(loaded?.cache.list("configmaps", namespace: nil).objects.count == 1000)
        #expect(time < .milliseconds(400))
        loaded?.close()
    }
}

private func counter(_ value: Int) throws(StoreError) -> EncodedObject {
    try EncodedObject(Array(#"{"metadata":{"name":"n"},"value":\#(value)}"#.utf8))
}

private func value(_ object: CachedObject) -> Int {
    let digits = object.text.split(separator: ":").last?.dropLast() ?? ""
    return Int(digits) ?? -1
}
