import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("exec, attach, port-forward")
    struct SessionTests {
        /// A pipe whose read end is read in the background until its end.
        private final class Sink: Sendable {
            let writeEnd: Int32
            private let thread: SystemThread

            init() throws {
                var ends: [Int32] = [0, 0]
                guard pipe(&ends) == 0 else { throw SystemError("pipe") }
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
                writeEnd = ends[1]
                let readEnd = ends[0]
                let collected = Collected()
                self.collected = collected
                thread = try SystemThread("sink") {
                    var buffer = [UInt8](repeating: 0, count: 4096)
                    while true {
                        let count = read(readEnd, &buffer, buffer.count)
                        if count <= 0 { break }
                        collected.append(String(decoding: buffer[..<count], as: UTF8.self))
                    }
                    close(readEnd)
                }
            }

            final class Collected: Sendable {
                private let text = Mutex("")
                func append(_ more: String) { text.withLock { $0 += more } }
                var value: String { text.withLock { $0 } }
            }

            private let collected: Collected
            var soFar: String { collected.value }

            /// Closes the write end, waits for the end, and returns everything.
            func finish() -> String {
                close(writeEnd)
                thread.join()
                return collected.value
            }
        }

        private func exec(
            _ pod: TestPod, _ container: String, _ command: [String], session: String = "",
            _ change: (inout RuntimeExecRequest) -> Void = { _ in }
        ) throws -> (output: String, result: RuntimeExecResult) {
            let sink = try Sink()
            var request = RuntimeExecRequest()
            request.containerId = container
            request.sessionId = session
            request.command = command
            request.stdoutFd = sink.writeEnd
            request.stderrFd = sink.writeEnd
            change(&request)
            do {
                let result = try pod.node.driver.exec(request, .unbounded)
                return (sink.finish(), result)
            } catch {
                _ = sink.finish()
                throw error
            }
        }

        @Test("exec runs in the container's namespaces, as its user, and returns code and output")
        func exec() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100") {
                var security = RuntimeSecurityContext()
                security.runAsUsername = "bob"
                $0.security = security
                var variable = RuntimeEnvVar()
                variable.name = "COLOUR"
                variable.value = "red"
                $0.env = [variable]
                $0.workingDir = "/tmp"
            }
            let (output, result) = try exec(
                pod, container,
                [
                    "sh", "-c",
                    "id -u; pwd; echo $COLOUR $FROM_IMAGE $HOSTNAME; tr '\\0' ' ' < /proc/1/cmdline; grep Seccomp: /proc/self/status; exit 5",
                ])
            #expect(output == "1000\n/tmp\nred yes pod\nsleep 100 Seccomp:\t2\n")
            #expect(result.exitCode == 5)
            #expect(result.signal == 0)
            try node.close()
        }

        @Test("exec reports signals, programs that are missing, and containers that do not run")
        func execFailures() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            let (_, result) = try exec(pod, container, ["sh", "-c", "kill -9 $$"])
            #expect(result.exitCode == 137)
            #expect(result.signal == SIGKILL)
            let missing = failure { _ = try exec(pod, container, ["no-such"]) }
            #expect(missing?.reason == "StartError")
            #expect(missing?.message.contains(#"exec: "no-such": executable file not found in $PATH"#) == true)
            try pod.stop(container, grace: 0)
            #expect(failure { _ = try exec(pod, container, ["true"]) }?.code == .conflict)
            try node.close()
        }

        @Test("exec passes input on")
        func execInput() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            _ = write(ends[1], "some input\n", 11)
            close(ends[1])
            let (output, _) = try exec(pod, container, ["cat"]) { $0.stdinFd = ends[0] }
            close(ends[0])
            #expect(output == "some input\n")
            try node.close()
        }

        @Test("exec with a terminal has one, of the asked size, and passes all its output on")
        func execTerminal() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            let (output, result) = try exec(pod, container, ["sh", "-c", "tty; stty size; seq 1 3000; exit 4"]) {
                $0.tty = true
                $0.width = 100
                $0.height = 40
            }
            let lines = output.split(separator: "\r\n")
            #expect(lines.prefix(2) == ["/dev/pts/0", "40 100"])
            #expect(lines.last == "3000")
            #expect(lines.count == 3002)
            #expect(result.exitCode == 4)
            try node.close()
        }

        @Test("a terminal can be resized while its session runs")
        func resize() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            let driver = node.driver
            let resizer = try SystemThread("resizer") {
                usleep(100_000)
                var request = RuntimeResizeTtyRequest()
                request.containerId = container
                request.sessionId = "session"
                request.width = 33
                request.height = 22
                for _ in 0..<50 where (try? driver.resizeTty(request, .unbounded)) == nil { usleep(20_000) }
            }
            let script = "while test \"$(stty size 2>/dev/null)\" != '22 33'; do sleep 0.02; done; echo resized"
            let (output, _) = try exec(pod, container, ["sh", "-c", script], session: "session") { $0.tty = true }
            resizer.join()
            #expect(output == "resized\r\n")
            try node.close()
        }

        @Test("attached clients see the output and feed the input; with stdinOnce it ends with the first client")
        func attach() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("echo ready; cat; echo end") {
                $0.stdin = true
                $0.stdinOnce = true
            }
            #expect(eventually { pod.text(container) == "ready" })
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let first = try Sink()
            let second = try Sink()
            let driver = node.driver
            let watcher = try SystemThread("watcher") {
                var request = RuntimeAttachRequest()
                request.containerId = container
                request.sessionId = "watcher"
                request.stdoutFd = second.writeEnd
                try? driver.attach(request, .unbounded)
            }
            usleep(100_000)
            let input = ends[1]
            let typist = try SystemThread("typist") {
                usleep(100_000)
                _ = write(input, "typed\n", 6)
                usleep(100_000)
                close(input)
            }
            var request = RuntimeAttachRequest()
            request.containerId = container
            request.sessionId = "typist"
            request.stdinFd = ends[0]
            request.stdoutFd = first.writeEnd
            try driver.attach(request, .unbounded)
            close(ends[0])
            typist.join()
            watcher.join()
            #expect(first.finish() == "typed\nend\n")
            #expect(second.finish() == "typed\nend\n")
            #expect(try pod.finish(container).exitCode == 0)
            #expect(pod.text(container) == "ready\ntyped\nend")
            try node.close()
        }

        @Test("a container with a terminal has it as console, and its log holds what it wrote")
        func containerTerminal() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("tty; test -c /dev/console && echo console; echo $TERM") {
                $0.tty = true; $0.stdin = true
            }
            _ = try pod.finish(container)
            // A carriage return and a newline are one Character.
            let log = String(decoding: try FileAccess.read(pod.status(container).logPath), as: UTF8.self)
            let texts = log.split(separator: "\r\n").map { $0.split(separator: " ").last ?? "" }
            #expect(texts == ["/dev/pts/0", "console", "xterm"])
            try node.close()
        }

        @Test("a port of the pod's loopback is reached, one that nobody serves is refused")
        func portForward() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("echo hello | nc -l -p 8080 127.0.0.1")
            _ = container
            var request = RuntimePortForwardRequest()
            request.sandboxId = pod.id
            request.port = 8080
            var socket: Int32 = -1
            #expect(
                eventually {
                    socket = (try? node.driver.portForward(request, .unbounded).socketFd) ?? -1
                    return socket >= 0
                })
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = read(socket, &buffer, buffer.count)
            close(socket)
            #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "hello\n")
            request.port = 9
            #expect(failure { _ = try node.driver.portForward(request, .unbounded) }?.code == .unavailable)
            try node.close()
        }
    }
}
