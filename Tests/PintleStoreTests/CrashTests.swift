import Glibc
import PintleStore
import Synchronization
import Testing

/// What a killed process had been promised: it appends a line for each acknowledged write before it goes on.
private struct AcknowledgedLog {
    let path: String

    func append(_ line: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let text = line + "\n"
        _ = text.withCString { write(descriptor, $0, text.utf8.count) }
        close(descriptor)
    }

    func lines() -> [(name: String, revision: Int64)] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var result: [(String, Int64)] = []
        var buffer = [CChar](repeating: 0, count: 256)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let text = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            let parts = text.split { $0 == " " || $0 == "\n" }
            if parts.count == 2, let revision = Int64(parts[1]) { result.append((String(parts[0]), revision)) }
        }
        return result
    }
}

/// Runs in the child: eight writers, until the commit that is to be the last one reaches its step.
private func writeUntilKilled() async {
    let environment = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let directory = environment("PINTLE_TEST_DIRECTORY")
    let step = environment("PINTLE_TEST_STEP")
    let commits = Int(environment("PINTLE_TEST_COMMITS")) ?? 1
    let log = AcknowledgedLog(path: directory + "/acknowledged")
    let seen = Atomic(0)
    let store = SQLiteStore(path: directory + "/store.db") { reached in
        guard reached.rawValue == step else { return }
        if seen.add(1, ordering: .relaxed).newValue == commits { kill(getpid(), SIGKILL) }
    }
    guard let storage = try? ObjectStorage(store) else { exit(3) }
    let run = storage.cache.revision
    await withTaskGroup(of: Void.self) { group in
        for writer in 0..<8 {
            group.addTask {
                for i in 0..<10_000 {
                    let name = "r\(run)-w\(writer)-\(i)"
                    guard let made = try? await storage.create(key(name), body(name, "x")) else { exit(4) }
                    log.append("\(name) \(made.revision)")
                }
            }
        }
    }
}

@Suite("A store whose process is killed", .serialized)
struct CrashTests {
    @Test("every acknowledged write is there afterwards, whatever moment of a commit the kill hits")
    func killedInCommit() async throws {
        let fixture = try StoreFixture()
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let log = AcknowledgedLog(path: fixture.directory + "/acknowledged")
        setenv("PINTLE_TEST_DIRECTORY", fixture.directory, 1)
        for step in SQLiteStore.CommitStep.allCases.shuffled(using: &generator) {
            setenv("PINTLE_TEST_STEP", step.rawValue, 1)
            setenv("PINTLE_TEST_COMMITS", "\(Int.random(in: 1...40, using: &generator))", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) { await writeUntilKilled() }

            let storage = try fixture.open()
            let acknowledged = log.lines()
            let lost = acknowledged.filter { storage.cache.find(key($0.name))?.revision != $0.revision }
            #expect(lost.isEmpty, "killed at \(step) (seed \(seed)): lost \(lost)")
            #expect(storage.cache.revision >= acknowledged.map(\.revision).max() ?? 0)
            let next = try await storage.create(key("after-\(step)"), body("after-\(step)"))
            #expect(acknowledged.allSatisfy { $0.revision < next.revision })
            storage.close()
        }
        #expect(!log.lines().isEmpty, "no write was acknowledged in any run (seed \(seed))")
    }
}
