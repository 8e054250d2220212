import PintleObjects
import Testing

@testable import PintleScheduler

@Suite("Finding a node")
struct PlacementTests {
    private let noVictims = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    private let noHelp = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."

    @Test("a pod goes to the emptier node")
    func balances() {
        let cluster = cluster([node("a"), node("b")], [(pod("x", cpu: "1"), "a")])
        #expect(decision(pod("p"), cluster) == "b")
    }

    @Test("without nodes there is nothing to choose from")
    func needsNodes() {
        #expect(decision(pod("p"), cluster([])) == "no nodes available to schedule pods")
    }

    @Test("a pod that asks for more than is free finds no node")
    func countsResources() {
        let full = cluster([node("a")], [(pod("x", cpu: "1500m"), "a")])
        #expect(
            decision(pod("p", cpu: "600m"), full)
                == "0/1 nodes are available: 1 Insufficient cpu. \(noVictims)")
        #expect(
            decision(pod("p", cpu: "3"), full) == "0/1 nodes are available: 1 Insufficient cpu. \(noHelp)")
        #expect(decision(pod("p", cpu: "500m"), full) == "a")
    }

    @Test("every shortage is named, and nodes with the same one are counted together")
    func namesShortages() {
        let greedy = pod("p") {
            $0["spec"]["containers"] = [
                ["name": "c", "resources": ["requests": ["cpu": "9", "memory": "9Gi", "example.com/gpu": "1"]]]
            ]
        }
        #expect(
            decision(greedy, cluster([node("a"), node("b")]))
                == "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory. "
                + "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.")
    }

    @Test("a node takes no more pods than it allows")
    func countsPods() {
        let placed = (0..<10).map { (pod("x\($0)", cpu: "0"), "a") }
        #expect(
            decision(pod("p", cpu: "0"), cluster([node("a")], placed))
                == "0/1 nodes are available: 1 Too many pods. \(noVictims)")
    }

    @Test("an ordinary init container's request doesn't add to that of the containers")
    func takesTheLargerRequest() {
        let pod = pod("p", cpu: "1") {
            $0["spec"]["initContainers"] = [["name": "i", "resources": ["requests": ["cpu": "2"]]]]
        }
        #expect(description(pod).requests.cpu == 2000)
    }

    @Test(
        "a taint keeps pods away that don't tolerate it",
        arguments: [
            (#"[]"#, false), (#"[{"key":"a","operator":"Exists"}]"#, true), (#"[{"operator":"Exists"}]"#, true),
            (#"[{"key":"a","value":"1","effect":"NoSchedule"}]"#, true), (#"[{"key":"a","value":"2"}]"#, false),
            (#"[{"key":"a","operator":"Exists","effect":"NoExecute"}]"#, false),
            (#"[{"key":"a","operator":"Gt","value":"0"}]"#, true),
        ])
    func respectsTaints(_ tolerations: String, _ fits: Bool) throws {
        let list = try JSON(parsing: Array(tolerations.utf8))
        let tainted = node("a") { $0["spec"]["taints"] = [["key": "a", "value": "1", "effect": "NoSchedule"]] }
        let result = decision(pod("p") { $0["spec"]["tolerations"] = list }, cluster([tainted]))
        #expect(
            result
                == (fits
                    ? "a" : "0/1 nodes are available: 1 node(s) had untolerated taint {a: 1}. \(noHelp)"))
    }

    @Test("a cordoned node takes no pods")
    func respectsCordon() {
        let cordoned = node("a") { $0["spec"]["unschedulable"] = true }
        #expect(
            decision(pod("p"), cluster([cordoned]))
                == "0/1 nodes are available: 1 node(s) were unschedulable. \(noHelp)")
    }

    @Test("a node that isn't ready takes no pods")
    func needsReadiness() {
        let waiting = node("a") { $0["status"]["conditions"] = [["type": "Ready", "status": "False"]] }
        #expect(
            decision(pod("p"), cluster([waiting])) == "0/1 nodes are available: 1 node(s) were not ready. \(noHelp)")
    }

    @Test("a taint to be preferably avoided is avoided where possible")
    func prefersUntainted() {
        let tainted = node("a") { $0["spec"]["taints"] = [["key": "a", "effect": "PreferNoSchedule"]] }
        #expect(decision(pod("p"), cluster([tainted, node("b")])) == "b")
        #expect(decision(pod("p"), cluster([tainted])) == "a")
    }

    /// A pod's choice of nodes, and whether it allows a node with the labels disk=fast and size=5.
    static let choices: [(spec: String, fits: Bool)] = [
        (#"{"nodeSelector":{"disk":"fast"}}"#, true), (#"{"nodeSelector":{"disk":"slow"}}"#, false),
        (required(#"{"key":"disk","operator":"In","values":["fast","x"]}"#), true),
        (required(#"{"key":"disk","operator":"NotIn","values":["fast"]}"#), false),
        (required(#"{"key":"gpu","operator":"Exists"}"#), false),
        (required(#"{"key":"gpu","operator":"DoesNotExist"}"#), true),
        (required(#"{"key":"size","operator":"Gt","values":["4"]}"#), true),
        (required(#"{"key":"size","operator":"Lt","values":["4"]}"#), false),
    ]

    private static func required(_ expression: String) -> String {
        #"{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":["#
            + expression + "]}]}}}}"
    }

    @Test("a pod goes only where its choice of nodes allows", arguments: choices)
    func respectsChoice(_ spec: String, _ fits: Bool) throws {
        let extra = try JSON(parsing: Array(spec.utf8))
        let labelled = node("a") { $0["metadata"]["labels"] = ["disk": "fast", "size": "5"] }
        let chooser = pod("p") { pod in
            for (key, value) in extra.object?.members ?? [] { pod["spec"][key] = value }
        }
        #expect(
            decision(chooser, cluster([labelled]))
                == (fits
                    ? "a" : "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. \(noHelp)"))
    }

    @Test("a preferred node wins over an emptier one")
    func respectsPreference() throws {
        let preference = try JSON(
            parsing: Array(
                #"{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":100,"preference":{"matchFields":[{"key":"metadata.name","operator":"In","values":["a"]}]}}]}}"#
                    .utf8))
        let cluster = cluster([node("a"), node("b")], [(pod("x", cpu: "1"), "a")])
        #expect(decision(pod("p") { $0["spec"]["affinity"] = preference }, cluster) == "a")
    }

    @Test("a host port is had once per node, protocol and address")
    func countsPorts() {
        func taking(_ name: String, _ port: JSON) -> JSON {
            pod(name) { $0["spec"]["containers"] = [["name": "c", "ports": [port]]] }
        }
        let cluster = cluster(
            [node("a")], [(taking("x", ["containerPort": 80, "hostPort": 80, "hostIP": "127.0.0.1"]), "a")])
        #expect(
            decision(taking("p", ["hostPort": 80]), cluster)
                == "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. \(noVictims)"
        )
        #expect(decision(taking("p", ["hostPort": 80, "protocol": "UDP"]), cluster) == "a")
        #expect(decision(taking("p", ["hostPort": 80, "hostIP": "127.0.0.2"]), cluster) == "a")
    }
}

@Suite("Rules between pods")
struct NeighbourTests {
    private func web(_ name: String, _ affinity: JSON = .null, _ change: (inout JSON) -> Void = { _ in }) -> JSON {
        pod(name) {
            $0["metadata"]["labels"] = ["app": "web"]
            if affinity.isNull == false { $0["spec"]["affinity"] = affinity }
            change(&$0)
        }
    }

    private func term(_ kind: String, key: String = "kubernetes.io/hostname") -> JSON {
        [
            kind: [
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    ["labelSelector": ["matchLabels": ["app": "web"]], "topologyKey": .string(key)]
                ]
            ]
        ]
    }

    @Test("pods that keep apart go to different nodes, until none is left")
    func keepsApart() {
        let apart = term("podAntiAffinity")
        #expect(decision(web("p", apart), cluster([node("a"), node("b")], [(web("x"), "a")])) == "b")
        let message = decision(web("p", apart), cluster([node("a")], [(web("x"), "a")]))
        #expect(message.hasPrefix("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."))
    }

    @Test("a pod that keeps others away does so although they don't ask for it")
    func isRepelled() {
        let message = decision(web("p"), cluster([node("a")], [(web("x", term("podAntiAffinity")), "a")]))
        #expect(
            message.hasPrefix("0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules."))
    }

    @Test("pods that stay together go to the same node, and the first goes anywhere")
    func staysTogether() {
        let together = term("podAffinity")
        let nodes = [node("a"), node("b")]
        #expect(decision(web("p", together), cluster(nodes)) == "a")
        #expect(decision(web("p", together), cluster(nodes, [(web("x"), "b")])) == "b")
    }

    @Test("pods are spread evenly where that is required")
    func spreads() {
        func spread(_ name: String) -> JSON {
            web(name) {
                $0["spec"]["topologySpreadConstraints"] = [
                    [
                        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
                        "labelSelector": ["matchLabels": ["app": "web"]],
                    ]
                ]
            }
        }
        let full = node("b") { $0["status"]["allocatable"]["pods"] = "0" }
        let message = decision(spread("p"), cluster([node("a"), full], [(spread("x"), "a")]))
        #expect(
            message.hasPrefix(
                "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints."))
        #expect(decision(spread("p"), cluster([node("a"), node("b")], [(spread("x"), "a")])) == "b")
    }
}
