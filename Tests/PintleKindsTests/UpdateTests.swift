import PintleKinds
import PintleObjects
import Testing

@Suite("Validation of changes")
struct UpdateTests {
    @Test("a pod's image may change, which is a new generation")
    func changesImage() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["containers"].updateArray { $0[0]["image"] = "nginx:2" }
        let result = try updated(new, old: old)
        #expect(result.errors == [])
        #expect(result.object["metadata"]["generation"].int == 2)
    }

    @Test("an unchanged pod keeps its generation")
    func keepsGeneration() throws {
        let old = try storedPod()
        #expect(try updated(old, old: old).object == old)
    }

    @Test("nothing else in a pod's spec may change")
    func refusesOtherChanges() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["hostname"] = "other"
        let result = try updated(new, old: old)
        #expect(
            result.errors == [
                """
                spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,\
                `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to \
                existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously \
                negative)\n+ hostname: "other"
                """
            ])
    }

    @Test("containers can't be added")
    func refusesContainer() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["containers"].updateArray { $0.append(["name": "d", "image": "i"]) }
        #expect(
            try updated(new, old: old).errors
                == ["spec.containers: Forbidden: pod updates may not add or remove containers"])
    }

    @Test("a toleration may be added and none taken away")
    func checksTolerations() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["tolerations"].updateArray { $0.append(["key": "a", "operator": "Exists"]) }
        #expect(try updated(new, old: old).errors == [])
        new["spec"]["tolerations"] = [["operator": "Exists"]]
        #expect(
            try updated(new, old: old).errors
                == ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]
        )
    }

    @Test("a deadline may only come nearer")
    func checksDeadline() throws {
        let old = try storedPod { $0["spec"]["activeDeadlineSeconds"] = 10 }
        var new = old
        new["spec"]["activeDeadlineSeconds"] = 20
        #expect(
            try updated(new, old: old).errors
                == ["spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value"])
        new["spec"]["activeDeadlineSeconds"] = 5
        #expect(try updated(new, old: old).errors == [])
    }

    @Test("gates may be lifted, and a gated pod's choice of nodes narrowed")
    func checksGates() throws {
        let old = try storedPod { $0["spec"]["schedulingGates"] = [["name": "a"], ["name": "b"]] }
        var new = old
        new["spec"]["schedulingGates"] = [["name": "b"]]
        new["spec"]["nodeSelector"] = ["disk": "fast"]
        #expect(try updated(new, old: old).errors == [])
        new["spec"]["schedulingGates"] = [["name": "c"]]
        #expect(
            try updated(new, old: old).errors
                == [
                    "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c'"
                ])
    }

    @Test("an update through status changes the status only, and one through the pod all but the status")
    func separatesStatus() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["hostname"] = "other"
        new["status"]["phase"] = "Running"
        let status = try updated(new, old: old, subresource: "status")
        #expect(status.object["spec"] == old["spec"])
        #expect(status.object["status"]["phase"].string == "Running")
        #expect(status.errors == [])
        #expect(try updated(new, old: old).object["status"] == old["status"])
    }

    @Test("the quality of service never changes")
    func keepsQuality() throws {
        let old = try storedPod()
        var new = old
        new["status"]["qosClass"] = "Guaranteed"
        #expect(
            try updated(new, old: old, subresource: "status").errors
                == [#"status.qosClass: Invalid value: "Guaranteed": field is immutable"#])
    }

    @Test("a container that ended for good doesn't run again")
    func refusesRestart() throws {
        var old = try storedPod { $0["spec"]["restartPolicy"] = "Never" }
        old["status"]["containerStatuses"] = [["name": "c", "state": ["terminated": ["exitCode": 1]]]]
        var new = old
        new["status"]["containerStatuses"] = [["name": "c", "state": ["running": [:]]]]
        #expect(
            try updated(new, old: old, subresource: "status").errors
                == ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"])
    }

    @Test("ephemeral containers may be added through their subresource only")
    func addsEphemeral() throws {
        let old = try storedPod()
        var new = old
        new["spec"]["hostname"] = "other"
        new["spec"]["ephemeralContainers"] = [["name": "debug", "image": "busybox", "targetContainerName": "c"]]
        let result = try updated(new, old: old, subresource: "ephemeralcontainers")
        #expect(result.errors == [])
        #expect(result.object["spec"]["hostname"].isNull)
        #expect(result.object["spec"]["ephemeralContainers"][0]["name"].string == "debug")
    }

    @Test("containers may not change places or number in a resize, their policies may change")
    func resizeOrder() throws {
        func container(_ name: String, _ policy: String = "NotRequired") -> JSON {
            [
                "name": .string(name), "image": "nginx", "resources": ["requests": ["cpu": "1"]],
                "resizePolicy": [["resourceName": "cpu", "restartPolicy": .string(policy)]],
            ]
        }
        let old = try storedPod { $0["spec"]["containers"] = [container("a"), container("b")] }
        var new = old
        new["spec"]["containers"] = [container("b"), container("a")]
        #expect(
            try updated(new, old: old, subresource: "resize").errors
                == [0, 1].map {
                    "spec.containers[\($0)].name: Forbidden: containers may not be renamed or reordered on resize"
                })
        new["spec"]["containers"] = [container("a")]
        #expect(
            try updated(new, old: old, subresource: "resize").errors
                == ["spec.containers: Forbidden: containers may not be added or removed on resize"])
        new["spec"]["containers"] = [container("a"), container("b", "RestartContainer")]
        let changed = try updated(new, old: old, subresource: "resize")
        #expect(changed.errors == [])
        #expect(changed.object["spec"]["containers"][1]["resizePolicy"][0]["restartPolicy"] == "RestartContainer")
    }

    @Test("resizing changes requests and limits, within the same quality of service")
    func resizes() throws {
        let old = try storedPod {
            $0["spec"]["containers"].updateArray { $0[0]["resources"] = ["requests": ["cpu": "1"]] }
        }
        var new = old
        new["spec"]["containers"].updateArray { $0[0]["resources"] = ["requests": ["cpu": "2"]] }
        #expect(try updated(new, old: old, subresource: "resize").errors == [])
        new["spec"]["containers"].updateArray { $0[0]["resources"] = ["limits": ["cpu": "2", "memory": "1Gi"]] }
        #expect(
            try updated(new, old: old, subresource: "resize").errors.first
                == #"spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing"#)
    }

    @Test("an immutable ConfigMap or Secret stays as it is", arguments: ["ConfigMap", "Secret"])
    func keepsImmutable(_ kind: String) throws {
        let old = try prepared([
            "apiVersion": "v1", "kind": .string(kind), "metadata": ["name": "m"], "data": ["a": "Yg=="],
            "immutable": true,
        ])
        var new = old
        new["data"]["a"] = "Yw=="
        new["immutable"] = false
        #expect(
            try updated(new, old: old).errors == [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set",
            ])
    }

    @Test("names and creation times can't be changed")
    func keepsMetadata() throws {
        let old = try prepared(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "m", "uid": "1"]])
        var new = old
        new["metadata"]["uid"] = "2"
        #expect(try updated(new, old: old).errors == [#"metadata.uid: Invalid value: "2": field is immutable"#])
    }

    @Test("a namespace's status says Terminating exactly while it is being deleted")
    func checksPhase() throws {
        let old = try prepared(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "n"]])
        var new = old
        new["status"]["phase"] = "Terminating"
        #expect(
            try updated(new, old: old, subresource: "status").errors
                == [
                    #"status.Phase: Invalid value: "Terminating": may only be 'Active' if `deletionTimestamp` is empty"#
                ])
    }

    @Test("a bound pod can't be bound again")
    func bindsOnce() throws {
        var pod = try storedPod()
        let binding: JSON = ["target": ["kind": "Node", "name": "n1"]]
        try PodBinding.assign(binding, to: &pod, now: now)
        #expect(pod["spec"]["nodeName"].string == "n1")
        #expect(pod["status"]["conditions"][0]["status"].string == "True")
        let error = #expect(throws: StatusError.self) { try PodBinding.assign(binding, to: &pod, now: now) }
        #expect(
            error?.message
                == #"Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1""#)
    }

    @Test(
        "a running pod is given its time to end, others aren't",
        arguments: [("", "Pending", 0), ("n", "Running", 30), ("n", "Succeeded", 0)] as [(String, String, Int64)])
    func setsGracePeriod(_ node: String, _ phase: String, _ seconds: Int64) throws {
        var pod = try storedPod()
        pod["spec"]["nodeName"] = .string(node)
        pod["status"]["phase"] = .string(phase)
        #expect(PodStrategy().gracePeriod(pod, requested: nil) == seconds)
        #expect(PodStrategy().gracePeriod(pod, requested: 0) == 0)
    }
}
