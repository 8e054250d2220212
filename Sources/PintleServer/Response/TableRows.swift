import PintleKinds
import PintleObjects

/// Renders objects as `kubectl get` shows them.
struct TableRows: Sendable {
    /// What each row carries beside its cells: the query parameter `includeObject`.
    enum Include: String, Sendable { case none = "None", metadata = "Metadata", object = "Object" }

    let strategy: any ResourceStrategy
    let version: String
    let include: Include
    let now: Timestamp

    func table(_ objects: [JSON], metadata: JSON) -> JSON {
        [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": .array(strategy.columns.map(definition)), "rows": .array(objects.map(row)),
        ]
    }

    private func definition(_ column: TableColumn) -> JSON {
        [
            "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
            "description": .string(column.description), "priority": .integer(Int64(column.priority)),
        ]
    }

    private func row(_ object: JSON) -> JSON {
        var row: JSON = ["cells": .array(strategy.cells(object, now: now))]
        switch include {
        case .none: break
        case .metadata: row["object"] = partialMetadata(object, version: version)
        case .object: row["object"] = object
        }
        return row
    }
}

extension TableRows.Include {
    /// - Throws: 400 for a value that does not exist.
    init(query: String?) throws(StatusError) {
        guard let query, !query.isEmpty else {
            self = .metadata
            return
        }
        guard let value = Self(rawValue: query) else {
            throw .badRequest("unrecognized includeObject value: \(goQuoted(query))")
        }
        self = value
    }
}
