internal import PintleKinds

/// NoExecute taints keep pods away that do not tolerate them; pods from files run anyway.
enum TaintAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        let tolerations = request.tolerations
        let isKept = request.node.taints.contains { taint in
            taint.effect == "NoExecute" && !tolerations.contains { $0.tolerates(taint) }
        }
        guard isKept, !request.isStatic else { return nil }
        return AdmissionRejection(
            predicate: "TaintToleration", "node(s) had taints that the pod didn't tolerate")
    }
}
