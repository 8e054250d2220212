import Dispatch
import Foundation
import Glibc
import NIOCore
import Synchronization

@testable import PintleHTTP

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// A number that several threads add to.
final class Counter: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { self.number.load(ordering: .relaxed) }
    func add(_ count: Int) { self.number.add(count, ordering: .relaxed) }
}

/// Runs blocking code on a thread of its own: the cooperative pool's two threads are the servers' under test.
func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}

/// Waits until `condition` holds, at most ten seconds.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// A directory that is removed with its contents when the value's last reference goes.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/pintle-http-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(errno)") }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }
}

/// What a program printed and how it ended.
struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
}

/// Runs a program to its end, at most `timeout` seconds.
func run(
    _ words: [String], input: Data? = nil, environment extra: [String: String] = [:], timeout: Int = 30
) async throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "-k", "2", String(timeout)] + words
    process.environment = ProcessInfo.processInfo.environment.merging(extra) { $1 }
    let (output, errors, stdin) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = input == nil ? FileHandle.nullDevice : stdin
    try process.run()
    if let input {
        let handle = stdin.fileHandleForWriting
        Thread.detachNewThread {
            try? handle.write(contentsOf: input)
            try? handle.close()
        }
    }
    let (outHandle, errorHandle) = (output.fileHandleForReading, errors.fileHandleForReading)
    async let outText = blocking { String(decoding: outHandle.readDataToEndOfFile(), as: UTF8.self) }
    async let errorText = blocking { String(decoding: errorHandle.readDataToEndOfFile(), as: UTF8.self) }
    let texts = try await (outText, errorText)
    let bound = UncheckedBox(process)
    try await blocking { bound.value.waitUntilExit() }
    return Outcome(status: process.terminationStatus, output: texts.0, errors: texts.1)
}

/// A program that runs until it is told to end.
final class Background: Sendable {
    private let process: UncheckedBox<Process>

    init(_ words: [String], environment extra: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment.merging(extra) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        self.process = UncheckedBox(process)
    }

    func end() async throws {
        let process = self.process
        process.value.terminate()
        try await blocking { process.value.waitUntilExit() }
    }
}

/// Carries a value that one thread uses at a time.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// A responder made of a closure.
struct ClosureResponder: HTTPResponder {
    let body: @Sendable (HTTPRequest, HTTPExchange) -> Void
    func respond(to request: HTTPRequest, exchange: HTTPExchange) { self.body(request, exchange) }
}

/// Runs `body` with a server that answers by `responder`, and shuts it down.
func withServer(
    tls: TLSMaterial? = nil, configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    responder: @escaping @Sendable (HTTPRequest, HTTPExchange) -> Void,
    _ body: (_ server: HTTPServer, _ port: Int) async throws -> Void
) async throws {
    var configuration = HTTPServerConfiguration(tls: tls)
    configure(&configuration)
    let server = try HTTPServer(configuration: configuration, responder: ClosureResponder(body: responder))
    do {
        let port = try await server.listen(address: "127.0.0.1", port: 0)
        try await body(server, port)
        await server.shutdown(grace: .seconds(2))
    } catch {
        await server.shutdown(grace: .seconds(2))
        throw error
    }
}

extension HTTPExchange {
    func send(_ status: Int, _ text: String) {
        self.send(status: status, headers: [("content-type", "text/plain")], body: ByteBuffer(string: text))
    }
}
