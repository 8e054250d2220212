internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem

/// The program of a container and the environment it runs in: what exec sessions share with it, apart from the
/// arguments.
struct ContainerProcess: Sendable {
    let arguments: [String]
    let environment: [String]
    let directory: String

    static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// - Throws: `INVALID` when neither request nor image names a program, or a text holds a NUL.
    init(_ request: RuntimeCreateContainerRequest, image: ImageConfig, hostname: String) throws(DriverFailure) {
        if request.command.isEmpty {
            arguments = image.entrypoint + (request.args.isEmpty ? image.cmd : request.args)
        } else {
            arguments = request.command + request.args
        }
        guard !arguments.isEmpty else {
            throw DriverFailure(.invalid, reason: "NoCommand", "no command specified")
        }
        var variables = Variables()
        variables.set(Self.defaultPath)
        if !hostname.isEmpty { variables.set("HOSTNAME=\(hostname)") }
        if request.tty { variables.set("TERM=xterm") }
        for variable in image.env { variables.set(variable) }
        for variable in request.env { variables.set("\(variable.name)=\(variable.value)") }
        environment = variables.list
        directory =
            request.workingDir.isEmpty ? (image.workingDir.isEmpty ? "/" : image.workingDir) : request.workingDir
        guard !(arguments + environment + [directory]).contains(where: { $0.utf8.contains(0) }) else {
            throw DriverFailure(.invalid, reason: "InvalidText", "an argument or a variable holds a NUL character")
        }
    }

    /// Variables in the order of their first appearance; the last value counts.
    private struct Variables {
        private(set) var list: [String] = []
        private var places: [Substring: Int] = [:]

        mutating func set(_ variable: String) {
            let name = variable.prefix { $0 != "=" }
            if let place = places[name] {
                list[place] = variable
            } else {
                places[name] = list.count
                list.append(variable)
            }
        }
    }

    /// The fields of the specification, without the arguments.
    func encode(into fields: inout InfraFields) {
        for variable in environment { fields.add(PINTLE_SPEC_ENVIRONMENT, variable) }
        fields.add(PINTLE_SPEC_DIRECTORY, directory)
    }

    /// The arguments as fields.
    static func encode(arguments: [String]) -> InfraFields {
        var fields = InfraFields()
        for argument in arguments { fields.add(PINTLE_SPEC_ARGUMENT, argument) }
        return fields
    }
}

/// Whom a container's processes run as and what they may do.
struct ContainerSecurity: Sendable {
    let context: RuntimeSecurityContext
    let capabilities: Capabilities
    let filter: [UInt8]
    let user: String

    /// - Throws: `INVALID` for unknown capabilities, a wrong profile or an AppArmor profile where there is no AppArmor.
    init(
        _ request: RuntimeCreateContainerRequest, image: ImageConfig, seccomp: SeccompFilter
    ) throws(DriverFailure) {
        let context = request.security ?? RuntimeSecurityContext()
        self.context = context
        let capabilities = try Capabilities(context)
        self.capabilities = capabilities
        user = context.runAsUsername.isEmpty ? image.user : context.runAsUsername
        switch context.privileged ? .unconfined : context.seccomp?.type ?? .runtimeDefault {
        case .unconfined: filter = []
        case .localhost:
            let profile = try SeccompProfile.localhost(context.seccomp?.localhostRef ?? "", capabilities)
            filter = try seccomp.program(profile)
        default: filter = try seccomp.program(SeccompProfile.standard(capabilities))
        }
        if let profile = context.apparmor, profile.type == .localhost, !Self.hasAppArmor {
            throw DriverFailure(
                .invalid, reason: "NoAppArmor",
                "the container wants the AppArmor profile \"\(profile.localhostRef)\", but this node has no AppArmor")
        }
    }

    private static var hasAppArmor: Bool {
        (try? FileAccess.text("/sys/module/apparmor/parameters/enabled")) == "Y"
    }

    func encode(into fields: inout InfraFields) throws(DriverFailure) {
        if context.hasRunAsUser { fields.add(PINTLE_SPEC_UID, try Self.identifier(context.runAsUser, "user")) }
        if context.hasRunAsGroup { fields.add(PINTLE_SPEC_GID, try Self.identifier(context.runAsGroup, "group")) }
        if !context.hasRunAsUser, !user.isEmpty { fields.add(PINTLE_SPEC_USER, user) }
        for group in context.supplementalGroups { fields.add(PINTLE_SPEC_GROUP, try Self.identifier(group, "group")) }
        if context.groupsPolicy != .strict { fields.add(PINTLE_SPEC_USER_FLAGS, UInt32(PINTLE_SPEC_USER_IMAGE_GROUPS)) }
        fields.add(PINTLE_SPEC_CAPABILITIES, capabilities.encoded)
        if context.noNewPrivs { fields.add(PINTLE_SPEC_NO_NEW_PRIVILEGES, UInt32(1)) }
        if !filter.isEmpty { fields.add(PINTLE_SPEC_SECCOMP, filter) }
        if let profile = context.apparmor, profile.type == .localhost, !context.privileged {
            fields.add(PINTLE_SPEC_APPARMOR, "exec \(profile.localhostRef)")
        }
    }

    private static func identifier(_ value: Int64, _ what: String) throws(DriverFailure) -> UInt32 {
        guard let id = UInt32(exactly: value), id != UInt32.max else {
            throw DriverFailure(.invalid, reason: "InvalidIdentifier", "\(value) is no \(what) id")
        }
        return id
    }
}

/// Resource limits of processes.
enum ProcessLimits {
    private static let numbers: [String: UInt32] = [
        "cpu": 0, "fsize": 1, "data": 2, "stack": 3, "core": 4, "rss": 5, "nproc": 6, "nofile": 7, "memlock": 8,
        "as": 9,
        "locks": 10, "sigpending": 11, "msgqueue": 12, "nice": 13, "rtprio": 14, "rttime": 15,
    ]

    static func encode(_ limits: [RuntimeRlimit], into fields: inout InfraFields) throws(DriverFailure) {
        for limit in limits {
            guard let number = numbers[limit.name] else {
                throw DriverFailure(.invalid, reason: "UnknownLimit", "unknown resource limit \"\(limit.name)\"")
            }
            var bytes: [UInt8] = []
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: limit.soft.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: limit.hard.littleEndian) { bytes.append(contentsOf: $0) }
            fields.add(PINTLE_SPEC_RLIMIT, bytes)
        }
    }
}
