internal import CPintleSystem
import Glibc
import PintleSystem

/// A packet of the control protocol.
struct InfraPacket: Sendable {
    var kind: Int
    var request: UInt32
    var fields: [UInt8]

    static let headerSize = 16

    /// The packet's bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerSize + fields.count)
        func append<N: FixedWidthInteger>(_ value: N) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(UInt16(kind))
        append(UInt16(0))
        append(request)
        append(UInt32(fields.count))
        append(UInt32(0))
        bytes.append(contentsOf: fields)
        return bytes
    }

    init(kind: Int, request: UInt32, fields: InfraFields = InfraFields()) {
        self.kind = kind
        self.request = request
        self.fields = fields.bytes
    }

    /// Reads a packet; nil when it isn't one.
    init?(parsing bytes: ArraySlice<UInt8>) {
        let bytes = [UInt8](bytes)
        guard bytes.count >= Self.headerSize else { return nil }
        func u32(_ at: Int) -> UInt32 { (0..<4).reversed().reduce(0) { $0 << 8 | UInt32(bytes[at + $1]) } }
        kind = Int(bytes[0]) | Int(bytes[1]) << 8
        request = u32(4)
        guard Int(u32(8)) == bytes.count - Self.headerSize else { return nil }
        fields = [UInt8](bytes[Self.headerSize...])
    }
}

/// What the infra process says about a container or an exec session.
struct InfraReport: Sendable, Hashable {
    var id = ""
    /// The container that an exec session belongs to; empty for a container.
    var container = ""
    var state: State = .starting
    var pid: Int32 = 0
    var startedAt: Int64 = 0
    var finishedAt: Int64 = 0
    var exitCode: Int32 = 0
    var signal: Int32 = 0
    var oomKills: UInt64 = 0
    var logDropped: UInt64 = 0
    /// Why its log can't be written, an `errno`; 0 when it can.
    var logError: Int32 = 0
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    var groups: [UInt32] = []

    enum State: UInt32, Sendable {
        case starting = 1
        case running = 2
        case exited = 3
    }

    init(fields: [UInt8]) {
        for field in InfraFieldReader(fields) {
            switch field.tag {
            case PINTLE_INFRA_ID: id = field.text
            case PINTLE_INFRA_CONTAINER: container = field.text
            case PINTLE_INFRA_STATE: state = State(rawValue: field.u32) ?? .starting
            case PINTLE_INFRA_PID: pid = Int32(bitPattern: field.u32)
            case PINTLE_INFRA_STARTED_AT: startedAt = Int64(bitPattern: field.u64)
            case PINTLE_INFRA_FINISHED_AT: finishedAt = Int64(bitPattern: field.u64)
            case PINTLE_INFRA_EXIT_CODE: exitCode = field.i32
            case PINTLE_INFRA_EXIT_SIGNAL: signal = field.i32
            case PINTLE_INFRA_OOM_KILLS: oomKills = field.u64
            case PINTLE_INFRA_LOG_DROPPED: logDropped = field.u64
            case PINTLE_INFRA_LOG_ERROR: logError = field.i32
            case PINTLE_INFRA_UID: uid = field.u32
            case PINTLE_INFRA_GID: gid = field.u32
            case PINTLE_INFRA_GROUPS: groups = field.u32s
            default: break
            }
        }
    }
}

/// The answer to a request.
struct InfraReply: Sendable {
    /// 0 or an `errno`.
    var status: Int32 = 0
    /// What was being done when it failed, and with which object.
    var stage = ""
    var detail = ""
    var version: UInt32 = 0
    var pid: Int32 = 0
    var fields: [UInt8] = []
    /// What was listed before the answer.
    var items: [InfraReport] = []
    /// Descriptors and their roles; whoever takes the reply owns them.
    var descriptors: [(role: UInt8, descriptor: Int32)] = []

    init(fields: [UInt8], descriptors: [Int32]) {
        self.fields = fields
        var roles: [UInt8] = []
        for field in InfraFieldReader(fields) {
            switch field.tag {
            case PINTLE_INFRA_STATUS: status = field.i32
            case PINTLE_INFRA_STAGE: stage = field.text
            case PINTLE_INFRA_DETAIL: detail = field.text
            case PINTLE_INFRA_VERSION: version = field.u32
            case PINTLE_INFRA_PID: pid = Int32(bitPattern: field.u32)
            case PINTLE_INFRA_ROLES: roles = [UInt8](field.data)
            default: break
            }
        }
        for (index, descriptor) in descriptors.enumerated() {
            self.descriptors.append((index < roles.count ? roles[index] : 0, descriptor))
        }
    }

    /// The report that a successful start carries.
    var report: InfraReport { InfraReport(fields: fields) }

    func closeDescriptors() {
        for (_, descriptor) in descriptors { close(descriptor) }
    }
}
