internal import PintleKinds
internal import PintleObjects

/// The pod's own choice of nodes must allow this one.
enum NodeAffinityAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        let (spec, node) = (request.spec, request.node)
        let selected = (spec["nodeSelector"].object?.members ?? []).allSatisfy {
            node.labels[$0.key] == $0.value.string
        }
        let required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        guard selected, required.isNull || NodeChoice(required).matches(name: node.name, labels: node.labels) else {
            return AdmissionRejection(
                predicate: "NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
        }
        if let name = spec["nodeName"].string, !name.isEmpty, name != node.name {
            return AdmissionRejection(predicate: "NodeName", "node(s) didn't match the requested node name")
        }
        return nil
    }
}
