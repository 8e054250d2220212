import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Restarts, events, logs, numbers")
    struct RestartTests {
        @Test("after a restart running containers go on, and ended ones tell how they ended")
        func adoption() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let long = try pod.run("sleep 100")
            let short = try pod.run("sleep 0.2; exit 6")
            let idle = try pod.create("echo late")
            let process = try pod.status(long).pid
            node.driver.close()
            usleep(500_000)
            let driver = try TestNode.open(node.instance, node.directory)
            #expect(try driver.container(long).record.status.pid == process)
            #expect(try driver.container(long).record.state == .running)
            let ended = try driver.container(short).record
            #expect(ended.state == .exited)
            #expect(ended.exitCode == 6)
            try pod.start(idle, driver)
            #expect(try pod.finish(idle, driver).exitCode == 0)
            #expect(pod.text(idle) == "late")
            try node.close(driver)
        }

        @Test("a pod whose infra process died while the driver was away is not ready and leaves nothing running")
        func adoptionOfTheDead() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            let infra = try node.driver.sandbox(pod.id).record.pid
            node.driver.close()
            kill(infra, SIGKILL)
            waitpid(infra, nil, 0)
            let driver = try TestNode.open(node.instance, node.directory)
            #expect(try driver.all().first?.state == .notReady)
            #expect(try driver.container(container).record.reason == "ContainerStatusUnknown")
            try node.close(driver)
        }

        @Test("what a creation that was cut off left is removed at the next start")
        func remains() throws {
            let node = try TestNode()
            node.driver.close()
            let stray = node.directory + "/run/sandboxes/" + node.identifier()
            try FileAccess.makeDirectories(stray)
            try FileAccess.makeDirectories(node.directory + "/data/runtime/containers/\(node.identifier())/upper/x")
            let driver = try TestNode.open(node.instance, node.directory)
            #expect(!FileAccess.exists(stray))
            try node.close(driver)
        }

        @Test("events come in the order in which things happen")
        func events() throws {
            let node = try TestNode()
            let seen = Mutex<[RuntimeEvent]>([])
            let driver = node.driver
            let listener = try driver.events.listen()
            let pod = try TestPod(node)
            let container = try pod.run("exit 2")
            _ = try pod.finish(container)
            try pod.remove(container)
            var ref = RuntimeSandboxRef()
            ref.id = pod.id
            try driver.removeSandbox(ref, .unbounded)
            while let some = listener.next(.nanoseconds(100_000_000)) { seen.withLock { $0 += some } }
            driver.events.leave(listener)
            let events = seen.withLock { $0 }
            #expect(
                events.map(\.type) == [
                    .sandboxCreated, .containerCreated, .containerStarted, .containerExited, .containerRemoved,
                    .sandboxStopped, .sandboxRemoved,
                ])
            #expect(events[3].container?.exitCode == 2)
            #expect(events.allSatisfy { $0.sandboxId == pod.id })
            try node.close()
        }

        @Test("a log is rotated at the write that would pass its size, and old ones are removed")
        func rotation() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("for i in $(seq 1 400); do echo line $i; done") {
                $0.logMaxBytes = 2_000
                $0.logMaxFiles = 3
            }
            _ = try pod.finish(container)
            let names = FileAccess.names(in: pod.request.logDirectory).filter {
                $0.hasPrefix("\(container.suffix(8)).log")
            }
            #expect(names.count == 3)
            for name in names {
                let bytes = try FileAccess.read("\(pod.request.logDirectory)/\(name)")
                #expect(bytes.count <= 2_000)
                #expect(bytes.last == UInt8(ascii: "\n"))
            }
            #expect(pod.lines(container).last?.text == "line 400")
            try node.close()
        }

        @Test("a full disk makes the container wait, its status says so, and all is written once there is room")
        func fullDisk() throws {
            let node = try TestNode()
            let small = node.directory + "/small"
            try FileAccess.makeDirectories(small)
            #expect(mount("tmpfs", small, "tmpfs", 0, "size=64k") == 0)
            let pod = try TestPod(node) { $0.logDirectory = small }
            let container = try pod.run("yes 0123456789012345678901234567890123456789 | head -n 20000; exit 3")
            let stops = eventually {
                (try? pod.status(container))?.message.contains("No space left on device") == true
            }
            #expect(stops)
            #expect(try pod.status(container).state == .running)
            #expect(mount("tmpfs", small, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
            #expect(try pod.finish(container).exitCode == 3)
            #expect(try pod.status(container).message.isEmpty)
            let text = String(decoding: try FileAccess.read("\(small)/\(container.suffix(8)).log"), as: UTF8.self)
            #expect(text.split(separator: "\n").count == 20_000)
            #expect(text.hasSuffix("\n"))
            #expect(text.split(separator: "\n").allSatisfy { $0.contains(" stdout ") })
            try pod.remove(container)
            umount2(small, Int32(MNT_DETACH))
            try node.close()
        }

        @Test("a log that was moved away is written anew after it is reopened")
        func reopen() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("echo one; while ! test -e /tmp/go; do sleep 0.01; done; echo two; sleep 100")
            #expect(eventually { pod.text(container) == "one" })
            let path = try pod.status(container).logPath
            #expect(rename(path, path + ".moved") == 0)
            var ref = RuntimeContainerRef()
            ref.id = container
            try node.driver.reopenLog(ref, .unbounded)
            var request = RuntimeExecRequest()
            request.containerId = container
            request.command = ["touch", "/tmp/go"]
            #expect(try node.driver.exec(request, .unbounded).exitCode == 0)
            #expect(eventually { pod.text(container) == "two" })
            try node.close()
        }

        @Test("limits are those of the cgroup, and can be changed while the container runs")
        func limits() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            var resources = RuntimeResources()
            resources.memoryLimitBytes = 64 << 20
            resources.pidsLimit = 50
            resources.cpuQuotaUs = 20_000
            resources.cpuShares = 512
            let container = try pod.run("sleep 100") { $0.resources = resources }
            let cgroups = node.driver.cgroups
            let path = "\(pod.request.cgroupParent)/\(container)"
            func value(_ controller: String, _ file: String) throws -> String {
                try FileAccess.text("\(#require(cgroups.layout.mountPoint(of: controller)))\(path)/\(file)")
            }
            #expect(try value("memory", "memory.limit_in_bytes") == "\(64 << 20)")
            #expect(try value("pids", "pids.max") == "50")
            #expect(try value("cpu", "cpu.cfs_quota_us") == "20000")
            #expect(try value("cpu", "cpu.shares") == "512")
            var update = RuntimeUpdateContainerRequest()
            update.id = container
            var more = RuntimeResources()
            more.memoryLimitBytes = 128 << 20
            update.resources = more
            try node.driver.updateContainer(update, .unbounded)
            #expect(try value("memory", "memory.limit_in_bytes") == "\(128 << 20)")
            #expect(try pod.status(container).resources?.pidsLimit == 50)
            #expect(try pod.status(container).resources?.memoryLimitBytes == 128 << 20)
            try node.close()
        }

        @Test("numbers of containers and pods are the kernel's")
        func stats() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run(
                "x=0; while test $x -lt 20000; do x=$((x+1)); done; head -c 1000000 /dev/zero > /tmp/f; sleep 100")
            var ref = RuntimeContainerRef()
            ref.id = container
            #expect(
                eventually {
                    (try? node.driver.containerStats(ref, .unbounded))?.writableLayer?.usedBytes ?? 0 >= 900_000
                })
            let stats = try node.driver.containerStats(ref, .unbounded)
            #expect(stats.cpuUsageNs > 1_000_000)
            #expect(stats.memoryUsageBytes > 100_000)
            #expect(stats.pids >= 1)
            var sandbox = RuntimeSandboxRef()
            sandbox.id = pod.id
            let whole = try node.driver.sandboxStats(sandbox, .unbounded)
            #expect(whole.containers.count == 1)
            #expect(whole.interfaces.map(\.name) == ["lo"])
            #expect(whole.cpuUsageNs >= stats.cpuUsageNs)
            try node.close()
        }

        @Test("a pod beyond its own processes costs less than half a megabyte")
        func memory() throws {
            let node = try TestNode()
            let pods = try (0..<5).map { _ in try TestPod(node) }
            let sizes = try pods.map { pod -> Int in
                let pid = try node.driver.sandbox(pod.id).record.pid
                let rollup = try FileAccess.text("/proc/\(pid)/smaps_rollup").split(separator: "\n")
                let line = rollup.first { $0.hasPrefix("Pss:") }?.split(separator: " ") ?? []
                return Int(line.dropFirst().first ?? "") ?? Int.max
            }
            print("PSS of infra processes, kB: \(sizes)")
            #expect(sizes.allSatisfy { $0 < 500 })
            try node.close()
        }
    }
}
