internal import Crypto
internal import PintleKinds
internal import PintleObjects

/// One manifest of the static pods' folder, read and completed as the kubelet does it.
///
/// No I/O.
struct StaticPodFile: Sendable {
    /// What is wrong with a file: the place, the field and why.
    struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String

        init(_ path: String, line: Int, _ message: String) {
            description = line > 0 ? "\(path):\(line): \(message)" : "\(path): \(message)"
        }
    }

    /// The pods of the file, ready to run on `node`.
    let pods: [JSON]

    /// Reads a manifest: a Pod, or a list of pods.
    ///
    /// - Throws: ``Fault`` for the first thing that is wrong; nothing of the file is used then.
    init(_ text: String, path: String, node: String, now: Timestamp) throws(Fault) {
        let documents: [YAMLDocument]
        do { documents = try YAMLDocument.parse(text) } catch { throw Fault(path, line: error.line, error.message) }
        guard let document = documents.first else { throw Fault(path, line: 0, "expected a pod, found nothing") }
        guard documents.count == 1 else {
            throw Fault(path, line: documents[1].line(of: "") ?? 0, "expected one document, found \(documents.count)")
        }
        var pods: [JSON] = []
        if let items = document.value["items"].array {
            for index in items.indices {
                pods.append(try Self.pod(items[index], document, "items[\(index)]", path, node, now))
            }
        } else {
            pods.append(try Self.pod(document.value, document, "", path, node, now))
        }
        self.pods = pods
    }

    private static func pod(
        _ given: JSON, _ document: YAMLDocument, _ at: String, _ path: String, _ node: String, _ now: Timestamp
    ) throws(Fault) -> JSON {
        func fault(_ field: String, _ message: String) -> Fault {
            let place = [at, field].filter { !$0.isEmpty }.joined(separator: ".")
            return Fault(path, line: document.line(of: place) ?? 0, message)
        }
        var object = given
        if object["apiVersion"].isNull, !at.isEmpty { object["apiVersion"] = "v1" }
        if object["kind"].isNull, !at.isEmpty { object["kind"] = "Pod" }
        guard object["apiVersion"].string == "v1", object["kind"].string == "Pod",
            let schema = Schema.builtIn(group: "", version: "v1", kind: "Pod")
        else { throw fault("kind", "kind: expected a v1 Pod, found \(object["apiVersion"]) \(object["kind"])") }
        do {
            object = try schema.decode(object).object
        } catch {
            throw fault(Self.field(in: error.message), error.message)
        }
        complete(&object, path, node, now)
        schema.applyDefaults(&object)
        let strategy = PodStrategy()
        strategy.defaults(&object)
        if let reference = reference(object["spec"]) {
            throw fault(reference.field, "\(reference.field): static pods may not reference \(reference.kind)")
        }
        if let error = strategy.validate(object).first {
            throw fault(error.path, "\(error.path): \(error.message)")
        }
        let wanted = object["metadata"]
        strategy.prepareForCreate(&object)
        object["metadata"] = wanted
        return object
    }

    /// The field that a decoder's message names: `… unknown field "a.b"`, `… struct field Pod.a.b of type …`.
    private static func field(in message: String) -> String {
        let pieces = message.split(separator: "\"", omittingEmptySubsequences: false)
        if let index = pieces.firstIndex(where: { $0.hasSuffix("field ") }), index + 1 < pieces.count {
            return String(pieces[index + 1])
        }
        let words = message.split(separator: " ")
        guard let index = words.firstIndex(of: "field"), index + 1 < words.count else { return "" }
        return words[index + 1].split(separator: ".").dropFirst().joined(separator: ".")
    }

    /// Name, identity and marks of a pod that comes from a file.
    private static func complete(_ pod: inout JSON, _ path: String, _ node: String, _ now: Timestamp) {
        let digest = SHA256.hash(data: Array("\(node)\n\(path)\n".utf8) + pod.serialized()).prefix(16)
        let hash = digest.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        if (pod["metadata"]["uid"].string ?? "").isEmpty { pod["metadata"]["uid"] = .string(hash) }
        if let name = pod["metadata"]["name"].string {
            pod["metadata"]["name"] = .string("\(name)-\(node.lowercased())")
        }
        if (pod["metadata"]["namespace"].string ?? "").isEmpty { pod["metadata"]["namespace"] = "default" }
        pod["metadata"]["annotations"]["kubernetes.io/config.hash"] = .string(hash)
        pod["metadata"]["annotations"]["kubernetes.io/config.seen"] = .string(now.rfc3339Nano)
        pod["metadata"]["annotations"]["kubernetes.io/config.source"] = "file"
        pod["metadata"]["generation"] = 1
        pod["metadata"]["creationTimestamp"] = now.json
        pod["spec"]["nodeName"] = .string(node)
        let tolerations = pod["spec"]["tolerations"].array ?? []
        pod["spec"]["tolerations"] = .array(tolerations + [["effect": "NoExecute", "operator": "Exists"]])
        if pod["spec"]["priority"].isNull {
            switch pod["spec"]["priorityClassName"].string {
            case "system-node-critical": pod["spec"]["priority"] = 2_000_001_000
            case "system-cluster-critical": pod["spec"]["priority"] = 2_000_000_000
            default: break
            }
        }
    }

    /// What of the API the pod refers to: it must run without one.
    private static func reference(_ spec: JSON) -> (field: String, kind: String)? {
        if spec["serviceAccountName"].string?.isEmpty == false { return ("spec.serviceAccountName", "serviceaccounts") }
        if spec["imagePullSecrets"].array?.isEmpty == false { return ("spec.imagePullSecrets", "secrets") }
        for (index, volume) in (spec["volumes"].array ?? []).enumerated() {
            let at = "spec.volumes[\(index)]"
            for (source, kind) in [
                ("configMap", "configmaps"), ("secret", "secrets"),
                ("persistentVolumeClaim", "persistentvolumeclaims"), ("ephemeral", "persistentvolumeclaims"),
            ] where !volume[source].isNull { return ("\(at).\(source)", kind) }
            for source in volume["projected"]["sources"].array ?? [] {
                for (name, kind) in [
                    ("configMap", "configmaps"), ("secret", "secrets"), ("serviceAccountToken", "serviceaccounts"),
                    ("clusterTrustBundle", "clustertrustbundles"),
                ] where !source[name].isNull { return ("\(at).projected", kind) }
            }
        }
        for list in ["initContainers", "containers"] {
            for (index, container) in (spec[list].array ?? []).enumerated() {
                for source in container["envFrom"].array ?? [] {
                    if !source["configMapRef"].isNull { return ("spec.\(list)[\(index)].envFrom", "configmaps") }
                    if !source["secretRef"].isNull { return ("spec.\(list)[\(index)].envFrom", "secrets") }
                }
                for variable in container["env"].array ?? [] {
                    let from = variable["valueFrom"]
                    if !from["configMapKeyRef"].isNull { return ("spec.\(list)[\(index)].env", "configmaps") }
                    if !from["secretKeyRef"].isNull { return ("spec.\(list)[\(index)].env", "secrets") }
                }
            }
        }
        return nil
    }
}
