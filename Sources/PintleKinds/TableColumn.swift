/// One column of `kubectl get`.
public struct TableColumn: Sendable, Hashable {
    /// The heading; kubectl prints it in capitals.
    public let name: String
    /// The type of the cells, for example `"string"`.
    public let type: String
    /// `"name"` for the column that names the object; otherwise empty.
    public let format: String
    /// What the column shows, for `kubectl explain`-like tools.
    public let description: String
    /// 0: always shown; 1: shown by `-o wide` only.
    public let priority: Int

    /// A column of text, shown always unless `wide`.
    init(_ name: String, _ description: String, wide: Bool = false, format: String = "") {
        self.name = name
        self.type = "string"
        self.format = format
        self.description = description
        self.priority = wide ? 1 : 0
    }

    /// The first column of most kinds.
    static let objectName = TableColumn("Name", "Unique within the namespace; chosen at creation.", format: "name")
    /// The last default column of most kinds.
    static let age = TableColumn("Age", "Time since the object was created.")
}
