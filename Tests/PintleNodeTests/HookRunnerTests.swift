import PintleObjects
import Testing

@testable import PintleNode

@Suite("Lifecycle hooks")
struct HookRunnerTests {
    private static let pod: JSON = ["metadata": ["name": "p", "namespace": "shop", "uid": "u"]]

    private func run(
        _ handler: JSON, _ result: ExecCheck.Result = .exited(0, output: ""), timeout: Duration? = nil
    ) async -> HookRunner.Result {
        await HookRunner(exec: { _, _, _ in result }, record: { _, _, _, _, _ in }).run(
            handler: handler, container: ["name": "main"], containerID: "c", pod: Self.pod, podIP: "127.0.0.1",
            timeout: timeout)
    }

    @Test("a command that ends with 0 is a success; anything else says what it was, and what it printed")
    func commands() async {
        let handler: JSON = ["exec": ["command": ["sh", "-c", "exit 3"]]]
        #expect(await run(handler) == .success)
        #expect(
            await run(handler, .exited(3, output: "no \"disk\"\n"))
                == .failure(
                    "Exec lifecycle hook ([sh -c exit 3]) for Container \"main\" in Pod \"p_shop(u)\" failed - error: "
                        + "command 'sh -c exit 3' exited with 3: no \"disk\"\n, message: \"no \\\"disk\\\"\\n\""))
        #expect(
            await run(handler, .failed("no such file"))
                == .failure(
                    "Exec lifecycle hook ([sh -c exit 3]) for Container \"main\" in Pod \"p_shop(u)\" failed - error: "
                        + "no such file, message: \"\""))
        #expect(await run(handler, .timedOut) == .timedOut)
    }

    @Test("a sleep ends when it is over, or when the pod's time is, or the task's")
    func sleeps() async {
        #expect(await run(["sleep": ["seconds": 0]]) == .success)
        #expect(await run(["sleep": ["seconds": 3600]], timeout: .milliseconds(10)) == .timedOut)
        let task = Task { await run(["sleep": ["seconds": 3600]]) }
        task.cancel()
        #expect(await task.value == .timedOut)
    }

    @Test("a TCP handler does nothing; one that is not known says so")
    func others() async {
        #expect(await run(["tcpSocket": ["port": 1]]) == .success)
        #expect(await run([:]) == .failure("Cannot run handler: missing probe handler"))
        #expect(await run(["httpGet": ["port": "x"]]) == .failure("Cannot run handler: port x not found"))
    }

    @Test("a hook by HTTP that gets no answer fails in a kubelet's words")
    func http() async {
        guard case .failure(let text) = await run(["httpGet": ["port": 1, "path": "/bye"]]) else {
            Issue.record("a failure was expected")
            return
        }
        #expect(
            text == "HTTP lifecycle hook (/bye) for Container \"main\" in Pod \"p_shop(u)\" failed - error: "
                + "Get \"http://127.0.0.1:1/bye\": dial tcp 127.0.0.1:1: connect: connection refused")
    }
}
