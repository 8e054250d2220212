import PintleKinds
import PintleObjects
import Testing

@Suite("Validation of new objects")
struct InvalidTests {
    @Test("a wrong object is refused with Kubernetes' causes", arguments: InvalidCase.all)
    func namesCauses(_ item: InvalidCase) throws {
        let object = try json(item.sent)
        let found = try strategy(of: object).validate(prepared(object))
        #expect(found.map(\.kind.rawValue) == item.causes.map(\.reason))
        #expect(found.map(\.path) == item.causes.map(\.field))
        #expect(found.map(\.message) == item.causes.map(\.message))
    }

    /// A fault in a pod's spec, and the error that it's to give.
    static let podFaults: [(spec: String, error: String)] = [
        (
            #"{"containers":[{"name":"c","image":" nginx"}]}"#,
            #"spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace"#
        ),
        (
            #"{"hostNetwork":true,"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":81}]}]}"#,
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","hostPath":{"path":"/a/../b"}}]}"#,
            #"spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","hostPath":{"path":"/a","type":"X"}}]}"#,
            #"spec.volumes[0].hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket""#
        ),
        (
            #"{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/a"}]}],"volumes":[{"name":"v"}]}"#,
            #"spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/a","mountPropagation":"Bidirectional"}]}],"volumes":[{"name":"v"}]}"#,
            "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers"
        ),
        (
            #"{"containers":[{"name":"c","image":"i","resources":{"requests":{"example.com/gpu":"1"}}}]}"#,
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"
        ),
        (
            #"{"containers":[{"name":"c","image":"i","resources":{"limits":{"hugepages-2Mi":"4Mi"}}}]}"#,
            "spec.containers[0].resources: Forbidden: HugePages require cpu or memory"
        ),
        (
            #"{"containers":[{"name":"c","image":"i","resources":{"limits":{"bananas":"1"}}}]}"#,
            #"spec.containers[0].resources.limits[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i","env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"spec.x"}}}]}]}"#,
            #"spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"v","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}]}"#,
            #"spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"initContainers":[{"name":"i","image":"i","readinessProbe":{"tcpSocket":{"port":1}}}]}"#,
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"initContainers":[{"name":"c","image":"i"}]}"#,
            #"spec.initContainers[0].name: Duplicate value: "c""#
        ),
        (
            #"{"containers":[{"name":"c","image":"i","livenessProbe":{"tcpSocket":{"port":1},"successThreshold":2}}]}"#,
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"securityContext":{"runAsUser":-1}}"#,
            "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"
        ),
        (
            #"{"containers":[{"name":"c","image":"i","securityContext":{"seccompProfile":{"type":"Localhost"}}}]}"#,
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"hostAliases":[{"ip":"1.2.3"}]}"#,
            #"spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[]}}}}"#,
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"nodeName":"n","schedulingGates":[{"name":"a"}]}"#,
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"ephemeralContainers":[{"name":"e","image":"i"}]}"#,
            "spec.ephemeralContainers: Forbidden: cannot be set on create"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule"}]}"#,
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"
        ),
        (
            #"{"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","projected":{"sources":[{"configMap":{"name":"a","items":[{"key":"k","path":"p"}]}},{"secret":{"name":"b","items":[{"key":"k","path":"p"}]}}]}}]}"#,
            #"spec.volumes[0].projected: Invalid value: "b": conflicting duplicate paths"#
        ),
    ]

    @Test("a fault in a pod's spec gives its error first", arguments: podFaults)
    func refusesPod(_ spec: String, _ error: String) throws {
        let pod: JSON = ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"], "spec": try json(spec)]
        let found = try errors(of: pod)
        #expect(found.first == error)
        #expect(Set(found).count <= 4)
    }

    /// Faults of the other kinds.
    static let otherFaults: [(object: String, error: String)] = [
        (
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"b"},"binaryData":{"a":"Yg=="}}"#,
            #"data[a]: Invalid value: "a": duplicate of key present in binaryData"#
        ),
        (
            #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"type":"kubernetes.io/ssh-auth"}"#,
            "data[ssh-privatekey]: Required value"
        ),
        (
            #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"type":"kubernetes.io/dockerconfigjson"}"#,
            "data[.dockerconfigjson]: Required value"
        ),
        (
            #"{"apiVersion":"v1","kind":"Event","metadata":{"name":"e"},"involvedObject":{"namespace":"other"}}"#,
            #"involvedObject.namespace: Invalid value: "other": does not match event.namespace"#
        ),
        (
            #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"spec":{"taints":[{"key":"a","effect":"X"}]}}"#,
            #"spec.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#
        ),
        (
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"leaseDurationSeconds":0}}"#,
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"
        ),
        (
            #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","finalizers":["x"]}}"#,
            #"metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified"#
        ),
        (
            #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"generateName":"A-"}}"#,
            #"metadata.generateName: Invalid value: "A-": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
        ),
    ]

    @Test("a fault in another kind gives its error first", arguments: otherFaults)
    func refusesOther(_ object: String, _ error: String) throws {
        #expect(try errors(of: json(object)).first == error)
    }
}
