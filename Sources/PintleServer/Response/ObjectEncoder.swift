import NIOCore
import PintleKinds
import PintleObjects
import PintleStore

/// Puts objects and lists into the form that a client wants.
struct ObjectEncoder: Sendable {
    let kind: ServedKind
    let form: OutputForm
    /// What rows of a table carry beside their cells.
    let include: TableRows.Include

    func response(_ body: ObjectBody, status: Int = 200) -> Response {
        if form.isPlain { return Response(status: status, body: ByteBuffer(bytes: body.bytes)) }
        return finish(shaped(body.json), status: status)
    }

    func response(_ list: ObjectList) -> Response {
        if form.isPlain { return Response(body: concatenated(list)) }
        let trees = list.objects.lazy.map(\.json)
        switch form.shape {
        case .object:
            return finish(listValue("\(kind.kind)List", kind.description.apiVersion, list.metadata, Array(trees)))
        case .partialMetadata(let version):
            return finish(
                listValue(
                    "PartialObjectMetadataList", "meta.k8s.io/\(version)", list.metadata,
                    trees.map { partialMetadata($0, version: version) }))
        case .table(let version):
            return finish(rows(version).table(Array(trees), metadata: list.metadata))
        }
    }

    /// One object in the form's shape: itself, its metadata, or a table of one row.
    func shaped(_ object: JSON) -> JSON {
        switch form.shape {
        case .object: object
        case .partialMetadata(let version): partialMetadata(object, version: version)
        case .table(let version):
            rows(version).table(
                [object], metadata: ["resourceVersion": object["metadata"]["resourceVersion"]])
        }
    }

    private func rows(_ version: String) -> TableRows {
        TableRows(strategy: kind.strategy, version: version, include: include, now: .now)
    }

    private func finish(_ value: JSON, status: Int = 200) -> Response { Response(status: status, value, form: form) }

    private func listValue(_ kind: String, _ apiVersion: String, _ metadata: JSON, _ items: [JSON]) -> JSON {
        ["kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": metadata, "items": .array(items)]
    }

    /// The list's JSON text, put together from the objects' own.
    private func concatenated(_ list: ObjectList) -> ByteBuffer {
        let head =
            "{\"kind\":\"\(kind.kind)List\",\"apiVersion\":\"\(kind.description.apiVersion)\",\"metadata\":"
            + list.metadata.description + ",\"items\":["
        var size = head.utf8.count + 2
        for object in list.objects { size += object.bytes.count + 1 }
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        buffer.writeString(head)
        var isFirst = true
        for object in list.objects {
            if !isFirst { buffer.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            buffer.writeBytes(object.bytes)
        }
        buffer.writeString("]}")
        return buffer
    }
}

/// The object's metadata alone.
func partialMetadata(_ object: JSON, version: String) -> JSON {
    [
        "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
        "metadata": object["metadata"],
    ]
}
