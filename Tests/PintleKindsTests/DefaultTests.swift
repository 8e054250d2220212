import PintleKinds
import PintleObjects
import Testing

@Suite("Defaults")
struct DefaultTests {
    @Test("a created object has every default that Kubernetes gives it", arguments: DefaultCase.all)
    func fillsDefaults(_ item: DefaultCase) throws {
        let object = try prepared(json(item.sent))
        let expected = try json(item.stored)
        #expect(object == expected, "\(object.prettyPrinted())")
        #expect(try strategy(of: object).validate(object).isEmpty)
    }

    @Test("defaults change nothing the second time", arguments: DefaultCase.all)
    func isIdempotent(_ item: DefaultCase) throws {
        let once = try prepared(json(item.sent))
        var twice = once
        try strategy(of: once).defaults(&twice)
        #expect(twice == once)
    }

    @Test(
        "an image without tag or with the tag latest is always pulled",
        arguments: [
            ("nginx", "Always"), ("nginx:latest", "Always"), ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"), ("localhost:5000/nginx:1", "IfNotPresent"),
            (
                "nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "IfNotPresent"
            ),
        ])
    func setsPullPolicy(_ image: String, _ policy: String) throws {
        let pod = try storedPod { $0["spec"]["containers"].updateArray { $0[0]["image"] = .string(image) } }
        #expect(pod["spec"]["containers"][0]["imagePullPolicy"].string == policy)
    }

    @Test("with the host's network a container's port is the host's")
    func setsHostPort() throws {
        let pod = try storedPod {
            $0["spec"]["hostNetwork"] = true
            $0["spec"]["containers"].updateArray { $0[0]["ports"] = [["containerPort": 80]] }
        }
        #expect(pod["spec"]["containers"][0]["ports"][0]["hostPort"].int == 80)
    }

    @Test("a volume without a source is an emptyDir")
    func setsEmptyDir() throws {
        let pod = try storedPod { $0["spec"]["volumes"] = [["name": "v"]] }
        #expect(pod["spec"]["volumes"][0] == ["name": "v", "emptyDir": [:]])
    }

    @Test("a negative grace period becomes one second")
    func raisesGracePeriod() throws {
        let pod = try storedPod { $0["spec"]["terminationGracePeriodSeconds"] = -5 }
        #expect(pod["spec"]["terminationGracePeriodSeconds"].int == 1)
    }

    @Test(
        "the quality of service follows from requests and limits",
        arguments: [
            (#"{}"#, "BestEffort"), (#"{"requests":{"cpu":"100m"}}"#, "Burstable"),
            (#"{"limits":{"cpu":"1"}}"#, "Burstable"), (#"{"limits":{"cpu":"1","memory":"1Gi"}}"#, "Guaranteed"),
            (#"{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"1000m","memory":"1024Mi"}}"#, "Guaranteed"),
            (#"{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}}"#, "Burstable"),
            (#"{"requests":{"cpu":"0"}}"#, "BestEffort"),
        ])
    func computesQuality(_ resources: String, _ expected: String) throws {
        let value = try json(resources)
        let pod = try storedPod { $0["spec"]["containers"].updateArray { $0[0]["resources"] = value } }
        #expect(pod["status"]["qosClass"].string == expected)
    }

    @Test("a gated pod says so in its conditions")
    func showsGates() throws {
        let pod = try storedPod { $0["spec"]["schedulingGates"] = [["name": "example.com/wait"]] }
        #expect(pod["status"]["conditions"][0]["reason"].string == "SchedulingGated")
    }

    @Test("a pod's own label values join the selectors that name their keys")
    func resolvesLabelKeys() throws {
        let pod = try storedPod {
            $0["metadata"]["labels"] = ["app": "web", "version": "2"]
            $0["spec"]["topologySpreadConstraints"] = [
                [
                    "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": ["matchLabels": ["app": "web"]], "matchLabelKeys": ["version", "absent"],
                ]
            ]
        }
        #expect(
            pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"]
                == [["key": "version", "operator": "In", "values": ["2"]]])
    }

    @Test("a priority class that doesn't exist is refused")
    func refusesUnknownClass() throws {
        let error = #expect(throws: StatusError.self) { try storedPod { $0["spec"]["priorityClassName"] = "high" } }
        #expect(error?.message == #"pods "p" is forbidden: no PriorityClass with name high was found"#)
    }
}
