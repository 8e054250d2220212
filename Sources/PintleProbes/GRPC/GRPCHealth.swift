/// The messages of grpc.health.v1.
enum GRPCHealth {
    static let path = "/grpc.health.v1.Health/Check"

    /// `HealthCheckRequest`.
    static func request(service: String) -> [UInt8] {
        guard !service.isEmpty else { return [] }
        let name = Array(service.utf8)
        return [0x0a] + varint(UInt64(name.count)) + name
    }

    /// `ServingStatus`, by its name.
    enum Status: Sendable, Hashable {
        case serving
        case other(String)
    }

    /// The status of a `HealthCheckResponse`; nil when it can't be read.
    static func status(of message: [UInt8]) -> Status? {
        var bytes = message[...]
        var value: UInt64 = 0
        while !bytes.isEmpty {
            guard let tag = takeVarint(&bytes) else { return nil }
            switch tag & 7 {
            case 0:
                guard let number = takeVarint(&bytes) else { return nil }
                if tag >> 3 == 1 { value = number }
            case 1, 5:
                let count = tag & 7 == 1 ? 8 : 4
                guard bytes.count >= count else { return nil }
                bytes = bytes.dropFirst(count)
            case 2:
                guard let count = takeVarint(&bytes), count <= UInt64(bytes.count) else { return nil }
                bytes = bytes.dropFirst(Int(count))
            default: return nil
            }
        }
        let names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]
        if value == 1 { return .serving }
        return .other(value < UInt64(names.count) ? names[Int(value)] : "\(value)")
    }

    private static func varint(_ number: UInt64) -> [UInt8] {
        var out: [UInt8] = []
        var rest = number
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }

    private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}
