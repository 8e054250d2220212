import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

@Suite("The runtime driver", .serialized)
struct RuntimeDriver {}

extension RuntimeDriver {
    @Suite("A container's life")
    struct ContainerTests {
        @Test("a container runs to its end and reports code, times and log")
        func runs() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.create("echo out; echo err >&2; printf tail; exit 3")
            #expect(try pod.status(container).state == .created)
            try pod.start(container)
            let status = try pod.finish(container)
            #expect(status.state == .exited)
            #expect(status.exitCode == 3)
            #expect(status.signal == 0)
            #expect(status.reason == "Error")
            #expect(status.createdAtNs <= status.startedAtNs)
            #expect(status.startedAtNs <= status.finishedAtNs)
            #expect(status.imageId == node.image)
            let lines = pod.lines(container)
            #expect(lines.filter { $0.stream == "stdout" }.map(\.text) == ["out", "tail"])
            #expect(lines.filter { $0.stream == "stderr" }.map(\.text) == ["err"])
            #expect(lines.allSatisfy { $0.isWhole })
            #expect(lines.allSatisfy { $0.time.count == 30 && $0.time.last == "Z" })
            try node.close()
        }

        @Test("ending with code 0 is reported as Completed")
        func completes() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(try pod.finish(pod.run("true")).reason == "Completed")
            try node.close()
        }

        @Test("a program that is not there is a StartError with Kubernetes' sentence and code 128")
        func missingProgram() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.create("") { $0.command = ["no-such-program"] }
            let error = failure { try pod.start(container) }
            #expect(error?.code == .invalid)
            #expect(error?.reason == "StartError")
            #expect(error?.message.contains(#"exec: "no-such-program": executable file not found in $PATH"#) == true)
            let status = try pod.status(container)
            #expect(status.state == .exited)
            #expect(status.exitCode == 128)
            #expect(status.reason == "StartError")
            try node.close()
        }

        @Test(
            "each way in which a program can't be started has its sentence",
            arguments: [
                ("/no/such", #"exec: "/no/such": stat /no/such: no such file or directory"#),
                ("/etc/passwd", #"exec: "/etc/passwd": permission denied"#),
                ("/etc", #"exec: "/etc": is a directory"#),
            ])
        func startErrors(_ program: String, _ sentence: String) throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.create("") { $0.command = [program] }
            let error = failure { try pod.start(container) }
            #expect(error?.message == "unable to start container process: \(sentence)")
            try node.close()
        }

        @Test("stopping sends the stop signal, waits, then kills")
        func stops() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let polite = try pod.run("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
            let deaf = try pod.run("trap '' TERM; echo ready; while :; do sleep 0.01; done")
            #expect(eventually { pod.text(polite) == "ready" && pod.text(deaf) == "ready" })
            try pod.stop(polite, grace: 10_000_000_000)
            #expect(try pod.status(polite).exitCode == 7)
            let before = Moment.monotonic
            try pod.stop(deaf, grace: 200_000_000)
            #expect(Moment.monotonic - before >= 200_000_000)
            let status = try pod.status(deaf)
            #expect(status.exitCode == 137)
            #expect(status.signal == SIGKILL)
            try pod.stop(deaf, grace: 0)
            try node.close()
        }

        @Test("a stop signal of the container's own is used")
        func stopSignal() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done") {
                $0.stopSignal = "SIGUSR1"
            }
            #expect(eventually { pod.text(container) == "ready" })
            try pod.stop(container, grace: 10_000_000_000)
            #expect(try pod.status(container).exitCode == 9)
            #expect(try pod.status(container).stopSignal == "SIGUSR1")
            try node.close()
        }

        @Test("a process that takes more memory than allowed ends as OOMKilled")
        func outOfMemory() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("x=a; while :; do x=$x$x; done") {
                var resources = RuntimeResources()
                resources.memoryLimitBytes = 20 << 20
                $0.resources = resources
            }
            let status = try pod.finish(container)
            #expect(status.reason == "OOMKilled")
            #expect(status.exitCode == 137)
            try node.close()
        }

        @Test("creating again is a success, creating something else under the id is refused")
        func createIsIdempotent() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.create("true")
            #expect(try pod.create("true") { $0.id = container } == container)
            let error = failure {
                _ = try pod.create("true") {
                    $0.id = container; $0.name = "other"
                }
            }
            #expect(error?.code == .alreadyExists)
            try node.close()
        }

        @Test("starting twice is a conflict")
        func startsOnce() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            #expect(failure { try pod.start(container) }?.code == .conflict)
            try pod.stop(container, grace: 0)
            #expect(failure { try pod.start(container) }?.code == .conflict)
            try node.close()
        }

        @Test("removing kills, and what is gone is removed with success")
        func removes() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            try pod.remove(container)
            try pod.remove(container)
            #expect(failure { _ = try pod.status(container) }?.code == .notFound)
            #expect(FileAccess.exists("\(pod.request.logDirectory)/\(container.suffix(8)).log"))
            try node.close()
        }

        @Test("a missing image is NOT_FOUND and leaves nothing")
        func missingImage() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(failure { _ = try pod.create("true") { $0.image = "no-such-image:1" } }?.code == .notFound)
            try node.close()
        }

        @Test("limits change while a container runs; none below the memory in use is taken")
        func resize() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run(
                "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; echo full; sleep 100"
            ) {
                var resources = RuntimeResources()
                resources.memoryLimitBytes = 64 << 20
                resources.cpuShares = 102
                $0.resources = resources
            }
            #expect(eventually { pod.text(container) == "full" })
            func update(_ memory: Int64) throws {
                var update = RuntimeUpdateContainerRequest()
                update.id = container
                var resources = RuntimeResources()
                resources.memoryLimitBytes = memory
                resources.cpuShares = 204
                resources.cpuQuotaUs = 50_000
                update.resources = resources
                try node.driver.updateContainer(update, .unbounded)
            }
            try update(128 << 20)
            let now = try pod.status(container).resources
            #expect(now?.memoryLimitBytes == 128 << 20)
            #expect(now?.cpuShares == 204)
            #expect(now?.cpuQuotaUs == 50_000)
            let refused = failure { try update(8 << 20) }
            #expect(refused?.reason == "MemoryInUse")
            #expect(refused?.message.hasPrefix("attempting to set memory limit (8388608) below current usage") == true)
            #expect(try pod.status(container).state == .running)
            #expect(try pod.status(container).resources?.memoryLimitBytes == 128 << 20)
            try node.close()
        }
    }
}
