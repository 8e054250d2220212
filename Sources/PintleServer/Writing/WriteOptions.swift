import PintleHTTP
import PintleObjects

/// The query parameters that all writes share.
struct WriteOptions: Sendable {
    /// Everything happens but the write.
    var isDryRun = false
    var fieldValidation = FieldValidation.ignore

    init(isDryRun: Bool = false, fieldValidation: FieldValidation = .ignore) {
        self.isDryRun = isDryRun
        self.fieldValidation = fieldValidation
    }

    /// `kind`: `CreateOptions`, `UpdateOptions`, …: what an error is said to be about.
    init(_ request: HTTPRequest, kind: String) throws(StatusError) {
        var faults: [FieldError] = []
        let dryRun = request.queryValues("dryRun").filter { !$0.isEmpty }
        isDryRun = try Self.isDryRun(dryRun, kind: kind)
        fieldValidation = .warn
        if let text = request.queryValue("fieldValidation"), !text.isEmpty {
            if let value = FieldValidation(rawValue: text) {
                fieldValidation = value
            } else {
                faults.append(.notSupported("fieldValidation", .string(text), ["", "Ignore", "Strict", "Warn"]))
            }
        }
        if !faults.isEmpty { throw .invalid(kind: kind, group: "meta.k8s.io", name: "", causes: faults) }
    }

    /// - Throws: 422 when a stage other than `All` is named.
    static func isDryRun(_ stages: [String], kind: String) throws(StatusError) -> Bool {
        if let wrong = stages.first(where: { $0 != "All" }) {
            throw .invalid(
                kind: kind, group: "meta.k8s.io", name: "", causes: [.notSupported("dryRun", .string(wrong), ["All"])])
        }
        return !stages.isEmpty
    }
}

/// What a write did.
struct WriteOutcome: Sendable {
    let body: ObjectBody
    var warnings: [String] = []
    /// The object did not exist before.
    var isNew = false
}
