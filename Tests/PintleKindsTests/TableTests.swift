import PintleKinds
import PintleObjects
import Testing

@Suite("Tables")
struct TableTests {
    @Test("a row has a cell for each column", arguments: DefaultCase.all)
    func fillsColumns(_ item: DefaultCase) throws {
        let object = try prepared(json(item.sent))
        let strategy = try strategy(of: object)
        #expect(strategy.cells(object, now: now).count == strategy.columns.count)
    }

    @Test("every column has a description of its own")
    func describesColumns() {
        for strategy in Kinds.all {
            #expect(strategy.columns.allSatisfy { $0.description.isEmpty == false })
        }
    }

    /// The status of a pod, and what `kubectl get pods` shows as Ready, Status and Restarts.
    static let pods: [(status: String, ready: String, reason: String, restarts: String)] = [
        (#"{"phase":"Pending"}"#, "0/1", "Pending", "0"),
        (
            #"{"phase":"Pending","containerStatuses":[{"name":"c","restartCount":0,"state":{"waiting":{"reason":"ContainerCreating"}}}]}"#,
            "0/1", "ContainerCreating", "0"
        ),
        (
            #"{"phase":"Running","containerStatuses":[{"name":"c","ready":true,"restartCount":0,"state":{"running":{}}}]}"#,
            "1/1", "Running", "0"
        ),
        (
            #"{"phase":"Running","containerStatuses":[{"name":"c","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-01-01T01:55:00Z"}}}]}"#,
            "0/1", "CrashLoopBackOff", "3 (5m ago)"
        ),
        (
            #"{"phase":"Succeeded","containerStatuses":[{"name":"c","restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}"#,
            "0/1", "Completed", "0"
        ),
        (
            #"{"phase":"Failed","containerStatuses":[{"name":"c","restartCount":0,"state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}"#,
            "0/1", "Error", "0"
        ),
        (
            #"{"phase":"Failed","containerStatuses":[{"name":"c","restartCount":0,"state":{"terminated":{"exitCode":0,"signal":9}}}]}"#,
            "0/1", "Signal:9", "0"
        ),
        (#"{"phase":"Failed","reason":"Evicted"}"#, "0/1", "Evicted", "0"),
        (
            #"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}"#,
            "0/1", "SchedulingGated", "0"
        ),
    ]

    @Test("a pod's row tells its state", arguments: pods)
    func showsPod(_ status: String, _ ready: String, _ reason: String, _ restarts: String) throws {
        var pod = try storedPod()
        pod["status"] = try json(status)
        pod["metadata"]["creationTimestamp"] = ago(90)
        let cells = PodStrategy().cells(pod, now: now)
        #expect(
            Array(cells.prefix(5)) == ["p", .string(ready), .string(reason), .string(restarts), "90s"])
        #expect(Array(cells.suffix(4)) == ["<none>", "<none>", "<none>", "<none>"])
    }

    @Test("a pod whose init containers aren't done shows how far it is")
    func showsInitialization() throws {
        var pod = try storedPod {
            $0["spec"]["initContainers"] = [["name": "a", "image": "i"], ["name": "b", "image": "i"]]
        }
        pod["status"]["initContainerStatuses"] = [
            ["name": "a", "restartCount": 0, "state": ["terminated": ["exitCode": 0]]],
            ["name": "b", "restartCount": 0, "state": ["running": [:]]],
        ]
        #expect(PodStrategy().cells(pod, now: now)[2] == "Init:1/2")
        pod["status"]["initContainerStatuses"] = [
            ["name": "a", "restartCount": 2, "state": ["waiting": ["reason": "CrashLoopBackOff"]]]
        ]
        #expect(PodStrategy().cells(pod, now: now)[2] == "Init:CrashLoopBackOff")
        pod["status"]["initContainerStatuses"] = [
            ["name": "a", "restartCount": 0, "state": ["terminated": ["exitCode": 3]]]
        ]
        #expect(PodStrategy().cells(pod, now: now)[2] == "Init:ExitCode:3")
    }

    @Test("a sidecar that has started counts as a container")
    func showsSidecar() throws {
        var pod = try storedPod {
            $0["spec"]["initContainers"] = [["name": "s", "image": "i", "restartPolicy": "Always"]]
        }
        pod["status"] = try json(
            #"{"phase":"Running","initContainerStatuses":[{"name":"s","started":true,"ready":true,"restartCount":1,"state":{"running":{}}}],"containerStatuses":[{"name":"c","ready":true,"restartCount":2,"state":{"running":{}}}]}"#
        )
        #expect(Array(PodStrategy().cells(pod, now: now)[1...3]) == ["2/2", "Running", "3"])
    }

    @Test("a pod that is being deleted is Terminating unless it has ended")
    func showsDeletion() throws {
        var pod = try storedPod()
        pod["metadata"]["deletionTimestamp"] = ago(1)
        #expect(PodStrategy().cells(pod, now: now)[2] == "Terminating")
        pod["status"]["phase"] = "Failed"
        #expect(PodStrategy().cells(pod, now: now)[2] == "Failed")
    }

    @Test("a node's row tells whether it's ready, takes pods, and its roles")
    func showsNode() throws {
        var node = try prepared(["apiVersion": "v1", "kind": "Node", "metadata": ["name": "n"]])
        #expect(NodeStrategy().cells(node, now: now)[1] == "Unknown")
        node["status"]["conditions"] = [["type": "Ready", "status": "True"]]
        node["status"]["addresses"] = [["type": "InternalIP", "address": "10.0.0.1"]]
        node["spec"]["unschedulable"] = true
        node["metadata"]["labels"] = [
            "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "",
        ]
        #expect(
            Array(NodeStrategy().cells(node, now: now)[1...6])
                == ["Ready,SchedulingDisabled", "control-plane,worker", "<unknown>", "", "10.0.0.1", "<none>"])
    }

    @Test("an event's row tells when, why and about what")
    func showsEvent() throws {
        let event = try prepared([
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": "p.1"], "reason": "Started", "type": "Normal",
            "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"], "message": "Started container c\n",
            "source": ["component": "kubelet", "host": "n"], "firstTimestamp": ago(200), "lastTimestamp": ago(10),
            "count": 4,
        ])
        #expect(
            EventStrategy().cells(event, now: now)
                == [
                    "10s", "Normal", "Started", "pod/p", "", "kubelet, n", "Started container c", "3m20s", 4, "p.1",
                ])
    }

    @Test(
        "ages are rough",
        arguments: [
            (-5, "<invalid>"), (-1, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"), (3 * 3600, "3h"),
            (3 * 3600 + 60, "3h1m"), (47 * 3600, "47h"), (48 * 3600, "2d"), (50 * 3600, "2d2h"), (9 * 86400, "9d"),
            (3 * 365 * 86400 + 86400, "3y1d"), (9 * 365 * 86400, "9y"),
        ] as [(Int64, String)])
    func showsAge(_ seconds: Int64, _ expected: String) throws {
        var map = try prepared(["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "m"]])
        map["metadata"]["creationTimestamp"] = ago(seconds)
        #expect(ConfigMapStrategy().cells(map, now: now)[2] == .string(expected))
    }

    @Test("fields can be selected by")
    func selectsFields() throws {
        var pod = try storedPod()
        pod["status"]["podIPs"] = [["ip": "10.0.0.2"]]
        let strategy = PodStrategy()
        #expect(strategy.selectableValue(pod, field: "spec.nodeName") == "")
        #expect(strategy.selectableValue(pod, field: "spec.hostNetwork") == "false")
        #expect(strategy.selectableValue(pod, field: "status.podIP") == "10.0.0.2")
        #expect(strategy.selectableValue(pod, field: "status.phase") == "Pending")
    }
}

@Suite("Tables of odd objects")
struct OddTableTests {
    @Test("a time centuries away has no age")
    func survivesOldTimes() throws {
        var pod = try storedPod()
        pod["metadata"]["creationTimestamp"] = "1677-12-01T00:00:00Z"
        pod["status"] = try json(
            #"{"containerStatuses":[{"name":"c","restartCount":1,"lastState":{"terminated":{"finishedAt":"1700-01-01T00:00:00Z"}}}]}"#
        )
        #expect(Array(PodStrategy().cells(pod, now: now)[3...4]) == ["1 (<unknown> ago)", "<unknown>"])
    }
}
