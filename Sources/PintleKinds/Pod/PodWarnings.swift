import PintleObjects

/// What is allowed in a new pod but probably not meant.
enum PodWarnings {
    static func warnings(of pod: JSON, old: JSON?) -> [String] {
        guard old == nil else { return [] }
        var warnings: [String] = []
        let name = pod["metadata"]["name"].text
        let faults = NameRules.dns1123Label(name)
        if faults.isEmpty == false {
            warnings.append(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label "
                    + "is recommended: [\(faults.joined(separator: " "))]")
        }
        let spec = pod["spec"]
        for (old, new) in renamedLabels where spec["nodeSelector"][old].isSet {
            warnings.append("spec.nodeSelector[\(old)]: deprecated since v1.14; use \(goQuoted(new)) instead")
        }
        for (index, volume) in spec["volumes"].items.enumerated() {
            for (source, text) in oldVolumes where volume[source].isSet {
                warnings.append("spec.volumes[\(index)].\(source): \(text)")
            }
        }
        for (index, secret) in spec["imagePullSecrets"].items.enumerated() where secret["name"].text.isEmpty {
            warnings.append("spec.imagePullSecrets[\(index)].name: invalid empty name \"\"")
        }
        for (index, constraint) in spec["topologySpreadConstraints"].items.enumerated()
        where constraint["labelSelector"].isNull {
            warnings.append(
                "spec.topologySpreadConstraints[\(index)].labelSelector: a null labelSelector results in matching no pod"
            )
        }
        for (container, path) in PodAnnotationRules.containers(of: pod) {
            warnings += duplicates(in: container, path) + fractions(in: container["resources"], path.child("resources"))
        }
        return warnings
    }

    private static func duplicates(in container: JSON, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        var names: Set<String> = []
        for (index, variable) in container["env"].items.enumerated() {
            let name = variable["name"].text
            if names.insert(name).inserted { continue }
            warnings.append(
                "\(path.child("env")[index].text): hides previous definition of \(goQuoted(name)), which may be dropped "
                    + "when using apply")
        }
        var ports: [String: Int] = [:]
        for (index, port) in container["ports"].items.enumerated() {
            let key = "\(port["containerPort"])/\(port["protocol"].text)/\(port["hostIP"].text)/\(port["hostPort"])"
            if let first = ports[key] {
                warnings.append(
                    "\(path.child("ports")[index].text): duplicate port definition with "
                        + path.child("ports")[first].text)
            } else {
                ports[key] = index
            }
        }
        return warnings
    }

    private static func fractions(in resources: JSON, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        for list in ["limits", "requests"] {
            for name in ["memory", "ephemeral-storage"] {
                guard let quantity = Quantity(resources[list][name]), quantity.nanos % 1_000_000_000 != 0 else {
                    continue
                }
                warnings.append(
                    "\(path.child(list).key(name).text): fractional byte value \(goQuoted(quantity.text)) is invalid, must "
                        + "be an integer")
            }
        }
        return warnings
    }

    private static let renamedLabels = [
        ("beta.kubernetes.io/arch", "kubernetes.io/arch"), ("beta.kubernetes.io/os", "kubernetes.io/os"),
        ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
        ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
        ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ]

    private static let oldVolumes = [
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
        ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ]
}
