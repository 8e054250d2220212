import PintleObjects

/// `matchLabelKeys` and `mismatchLabelKeys`: at creation, the pod's own values of these labels join the selectors.
enum PodLabelKeys {
    static func resolve(in pod: inout JSON) {
        let labels = pod["metadata"]["labels"]
        if pod["spec"]["affinity"].isSet {
            for kind in ["podAffinity", "podAntiAffinity"] {
                pod["spec"]["affinity"].edit(kind) { affinity in
                    affinity.editEach("requiredDuringSchedulingIgnoredDuringExecution") { resolve(in: &$0, labels) }
                    affinity.editEach("preferredDuringSchedulingIgnoredDuringExecution") { term in
                        term.edit("podAffinityTerm") { resolve(in: &$0, labels) }
                    }
                }
            }
        }
        pod["spec"].editEach("topologySpreadConstraints") { resolve(in: &$0, labels) }
    }

    private static func resolve(in term: inout JSON, _ labels: JSON) {
        guard term["labelSelector"].isSet else { return }
        for (field, comparison) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
            for key in term[field].items where labels[key.text].isSet {
                var expressions = term["labelSelector"]["matchExpressions"].items
                let expression: JSON = ["key": key, "operator": .string(comparison), "values": [labels[key.text]]]
                if expressions.contains(expression) { continue }
                expressions.append(expression)
                term["labelSelector"]["matchExpressions"] = .array(expressions)
            }
        }
    }
}
