/// Where in an object a field is, written as Kubernetes writes it: `spec.containers[0].env`, `data[key]`.
struct FieldPath: Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static let metadata = FieldPath("metadata")
    static let spec = FieldPath("spec")
    static let status = FieldPath("status")

    func child(_ name: String) -> FieldPath { FieldPath(text.isEmpty ? name : "\(text).\(name)") }
    func key(_ key: String) -> FieldPath { FieldPath("\(text)[\(key)]") }
    subscript(_ index: Int) -> FieldPath { FieldPath("\(text)[\(index)]") }
}
