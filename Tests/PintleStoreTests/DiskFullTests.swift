import Glibc
import PintleStore
import Testing

@Suite("A store on a full disk")
struct DiskFullTests {
    @Test("writes fail with a clear error, nothing is half-written, and work again when there is room")
    func diskFull() async throws {
        let fixture = try StoreFixture()
        let disk = fixture.directory + "/disk"
        try #require(mkdir(disk, 0o700) == 0)
        defer { rmdir(disk) }
        try #require(mount("tmpfs", disk, "tmpfs", 0, "size=512k") == 0, "this test needs root")
        defer { umount2(disk, Int32(MNT_DETACH)) }
        let path = disk + "/store.db"
        let storage = try ObjectStorage(SQLiteStore(path: path))
        let filler = String(repeating: "x", count: 20_000)

        var written: [String] = []
        var failure: StoreError?
        for i in 0..<100 where failure == nil {
            do throws(StoreError) {
                _ = try await storage.create(key("o\(i)"), try fill("o\(i)", filler))
                written.append("o\(i)")
            } catch {
                failure = error
            }
        }
        #expect(failure?.code == .full)
        #expect(failure?.message.contains(path) == true)
        #expect(!written.isEmpty)
        let present = { Set(storage.cache.list("configmaps", namespace: nil).objects.map(\.key.name)) }
        #expect(present() == Set(written))

        try #require(mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
        _ = try await storage.create(key("later"), try fill("later", filler))
        storage.close()
        let again = try ObjectStorage(SQLiteStore(path: path))
        let names = Set(again.cache.list("configmaps", namespace: nil).objects.map(\.key.name))
        #expect(names == Set(written + ["later"]))
        again.close()
    }
}

private func fill(_ name: String, _ value: String) throws(StoreError) -> EncodedObject {
    try EncodedObject(Array(#"{"metadata":{"name":"\#(name)"},"v":"\#(value)"}"#.utf8))
}
