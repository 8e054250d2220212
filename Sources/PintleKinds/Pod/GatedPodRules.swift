import PintleObjects

/// What may change in addition while a pod waits behind scheduling gates: its choice of nodes may become narrower.
enum GatedPodRules {
    /// Checks the choice of nodes in `spec` and sets it back to the old one.
    static func check(_ spec: inout JSON, old: JSON, _ errors: inout FieldErrors) {
        let path = FieldPath.spec
        for (key, value) in old["nodeSelector"].entries where spec["nodeSelector"][key] != value {
            errors.invalid(
                path.child("nodeSelector"), spec["nodeSelector"],
                "only additions to spec.nodeSelector are allowed (no mutations or deletions)")
            break
        }
        spec.restore("nodeSelector", from: old)

        let before = old["affinity"]["nodeAffinity"]
        let after = spec["affinity"]["nodeAffinity"]
        if before.isEquivalent(to: after) { return }
        checkAffinity(after, before, path.child("affinity").child("nodeAffinity"), &errors)
        if before.isSet {
            spec["affinity"]["nodeAffinity"] = before
        } else {
            spec["affinity"].remove("nodeAffinity")
            if old["affinity"].isNull, spec["affinity"].isAbsentOrEmpty { spec.remove("affinity") }
        }
    }

    private static func checkAffinity(_ new: JSON, _ old: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let before = old[required]["nodeSelectorTerms"].items
        if before.isEmpty { return }
        let after = new[required]["nodeSelectorTerms"].items
        let path = path.child(required).child("nodeSelectorTerms")
        if after.count != before.count {
            errors.invalid(
                path, .array(after), "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
            return
        }
        for (index, term) in after.enumerated() {
            for list in ["matchExpressions", "matchFields"] {
                let kept = before[index][list].items
                if Array(term[list].items.prefix(kept.count)) != kept {
                    errors.invalid(
                        path[index], term,
                        "only additions are allowed (no mutations or deletions)")
                    break
                }
            }
        }
    }
}
