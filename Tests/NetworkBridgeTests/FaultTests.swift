import PintleInterfaces
import PintleNetlink
import PintleSDK
import Synchronization
import Testing

@testable import NetworkBridgeCore

@Suite("Attaching fails half-way", .serialized)
struct FaultTests {
    @Test("a failure after any step leaves nothing, and the next attempt works", arguments: AttachStep.allCases)
    func leavesNothing(_ step: AttachStep) throws {
        let broken = Broken(step)
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"], afterStep: broken.check)
        let pod = try Namespace()
        #expect(throws: Broken.Fault.self) { try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] } }
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links() == ["pintle-1a2b3c4d"])
        #expect(try pod.addresses(of: "eth0").isEmpty)
        #expect(try !node.lab.ruleset().contains("8080"))
        #expect(node.host.lines.isEmpty, "an undo step failed")
        broken.mend()
        _ = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        try node.check("a", pod)
    }

    @Test("a ledger that fails at any entry leaves nothing", arguments: 0..<4)
    func ledgerFails(_ puts: Int) throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pod = try Namespace()
        node.host.failPuts(after: puts)
        let failure = failure { _ = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] } }
        #expect(failure?.code == .resource)
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links() == ["pintle-1a2b3c4d"])
        node.host.failPuts(after: nil)
        _ = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        try node.check("a", pod)
    }

    @Test("a failed repetition leaves the attachment that was there")
    func repetitionFails() throws {
        let broken = Broken(.podConfigured)
        broken.mend()
        let node = try Node(afterStep: broken.check)
        let pod = try Namespace()
        _ = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        broken.breakAgain()
        #expect(throws: Broken.Fault.self) { try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] } }
        try node.check("a", pod)
        #expect(node.host.ledger.count == 2)
    }

    @Test("a route that the kernel refuses is named, and nothing stays behind")
    func routeRefused() throws {
        let node = try Node { $0.routes = [.init(destination: net("10.96.0.0/12"), gateway: ip("203.0.113.1"))] }
        let failure = failure { _ = try node.pod("a") }
        #expect(
            failure?.message.contains(
                "attachment a: route to 10.96.0.0/12 through link eth0: RTM_NEWROUTE: Network is unreachable (101)")
                == true)
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links() == ["pintle-1a2b3c4d"])
    }

    @Test("rules flushed by somebody else are put back by the next host port")
    func rulesFlushed() throws {
        let node = try Node()
        let first = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        try node.lab.nft("flush ruleset")
        #expect(try node.status().reason == "RulesMissing")
        let second = try node.pod("b") { $0.portMappings = [mapping(8081, 80)] }
        try node.check("a", first.namespace)
        try node.check("b", second.namespace)
    }
}

/// Fails after one step of an attach until it is mended.
private final class Broken: Sendable {
    struct Fault: Error {}

    private let step: AttachStep
    private let isBroken = Mutex(true)

    init(_ step: AttachStep) { self.step = step }

    func mend() { isBroken.withLock { $0 = false } }
    func breakAgain() { isBroken.withLock { $0 = true } }

    @Sendable func check(_ reached: AttachStep) throws {
        if reached == step, isBroken.withLock({ $0 }) { throw Fault() }
    }
}
