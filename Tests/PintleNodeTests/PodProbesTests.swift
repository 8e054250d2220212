import PintleInterfaces
import PintleObjects
import PintleProbes
import Synchronization
import Testing

@testable import PintleNode

@Suite("A pod's probes at work")
struct PodProbesTests {
    @Test("a check that hangs holds up neither the pod's other checks nor those of others")
    func hanging() throws {
        let world = FakeWorld()
        let probes = PodProbes(environment: world.environment) { world.tell($0) }
        var pod: JSON = ["metadata": ["name": "p", "uid": "u"], "spec": ["containers": []]]
        var statuses: [RuntimeContainerStatus] = []
        pod["spec"]["containers"] = .array(
            ["hangs", "works"].map { name in
                var status = RuntimeContainerStatus()
                status.id = "id-\(name)"
                status.name = name
                status.state = .running
                statuses.append(status)
                return ["name": .string(name), "readinessProbe": ["exec": ["command": [.string(name)]]]]
            })
        probes.update(pod: pod, view: PodView(sandboxes: [], containers: statuses), podIPs: ["10.0.0.9"])
        world.advance(seconds: 0)
        #expect(world.checks.count == 2)
        world.answer("works", .success)
        #expect(world.told == [.changed])
        #expect(probes.results.ready("works", "id-works") && !probes.results.ready("hangs", "id-hangs"))
        world.advance(seconds: 10)
        #expect(world.checks.map { $0[0] }.sorted() == ["hangs", "works", "works"])
    }

    @Test("after the stop nothing happens any more, not even for checks on their way")
    func stops() {
        let world = FakeWorld()
        let probes = PodProbes(environment: world.environment) { world.tell($0) }
        var status = RuntimeContainerStatus()
        status.id = "c0"
        status.name = "main"
        status.state = .running
        let pod: JSON = [
            "metadata": ["name": "p", "uid": "u"],
            "spec": ["containers": [["name": "main", "readinessProbe": ["exec": ["command": ["true"]]]]]],
        ]
        probes.update(pod: pod, view: PodView(sandboxes: [], containers: [status]), podIPs: [])
        world.advance(seconds: 0)
        probes.stop()
        world.answer("true", .success)
        world.advance(seconds: 60)
        #expect(world.told.isEmpty && world.checks == [["true"]])
        #expect(world.timerCount == 0)
    }

    @Test("named ports are those of the container, and one that does not exist is named")
    func ports() {
        let container: JSON = ["ports": [["name": "web", "containerPort": 8080]]]
        func check(_ port: JSON) -> ProbeCheck {
            ProbeTarget.check(["tcpSocket": ["port": port]], container: container, containerID: "c", podIP: "10.0.0.9")
        }
        #expect(check("web") == .network(.tcp(host: "10.0.0.9", port: 8080)))
        #expect(check("81") == .network(.tcp(host: "10.0.0.9", port: 81)))
        #expect(check("admin") == .impossible("port admin not found"))
        #expect(check(0) == .impossible("invalid port number: 0"))
        #expect(check(70000) == .impossible("invalid port number: 70000"))
        #expect(
            ProbeTarget.check([:], container: container, containerID: "c", podIP: "")
                == .impossible("missing probe handler"))
    }

    @Test("a command's output is kept up to its limit, and an endless writer is not waited for")
    func output() async throws {
        let pipe = try #require(OutputPipe(limit: 10))
        let end = pipe.writeEnd
        await BlockingWork.run {
            // More than a pipe holds: it is read while it is written.
            for _ in 0..<30 { writeAll(end, Array(repeating: UInt8(ascii: "x"), count: 10_000)) }
        }
        #expect(await pipe.finish() == "xxxxxxxxxx")
    }
}
