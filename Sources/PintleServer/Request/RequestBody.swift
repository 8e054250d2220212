import NIOCore
import PintleHTTP
import PintleObjects

/// Reads request bodies as JSON values.
enum RequestBody {
    /// The forms that are read.
    static let types = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// The body as a value, with the members that were given more than once.
    ///
    /// `schema`: What protobuf is read by; without one it is refused.
    ///
    /// - Throws: 415 for a form that is not read, 400 for a text that cannot be parsed, with line and column.
    static func parse(
        _ request: HTTPRequest, schema: Schema?
    ) throws(StatusError) -> (value: JSON, duplicates: [String]) {
        let type = request.headers["content-type"].map { MediaType($0).type } ?? ""
        switch type {
        case "", "application/json":
            guard request.body.readableBytes > 0 else { throw .badRequest("the request has no body") }
            return try json(request.body)
        case "application/yaml", "text/yaml", "application/x-yaml":
            return (try yaml(request.body), [])
        case "application/vnd.kubernetes.protobuf":
            guard let schema else { throw .unsupportedMediaType(accepted: Array(types.dropLast())) }
            return (try ProtobufBody.parse(Array(request.body.readableBytesView), schema: schema), [])
        default: throw .unsupportedMediaType(accepted: types)
        }
    }

    static func json(_ body: ByteBuffer) throws(StatusError) -> (value: JSON, duplicates: [String]) {
        let result = body.withUnsafeReadableBytes { bytes -> Result<(JSON, [String]), JSONError> in
            do throws(JSONError) {
                let (value, duplicates) = try JSON.parse(bytes.bindMemory(to: UInt8.self))
                return .success((value, duplicates))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let (value, duplicates)): return (value, duplicates)
        case .failure(let error):
            throw .badRequest("the object provided is unrecognized (must be of type Object): \(error)")
        }
    }

    static func yaml(_ body: ByteBuffer) throws(StatusError) -> JSON {
        do throws(JSONError) {
            return try JSON(yaml: String(buffer: body))
        } catch {
            throw .badRequest("error converting YAML to JSON: \(error)")
        }
    }
}
