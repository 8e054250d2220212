internal import CPintleSystem
import Glibc
import PintleSystem

/// A device, or all of a kind, that processes of a cgroup may use.
struct DeviceRule: Sendable, Hashable {
    /// `b`, `c`, or `a` for both.
    var type: Character
    /// nil means every one.
    var major: Int32?
    var minor: Int32?
    /// Any of `r`, `w`, `m`.
    var access: String

    /// What every container may use: nodes may be made, these may be opened.
    static let standard: [DeviceRule] = [
        DeviceRule(type: "c", access: "m"), DeviceRule(type: "b", access: "m"),
        DeviceRule(type: "c", major: 1, minor: 3, access: "rwm"),  // null
        DeviceRule(type: "c", major: 1, minor: 5, access: "rwm"),  // zero
        DeviceRule(type: "c", major: 1, minor: 7, access: "rwm"),  // full
        DeviceRule(type: "c", major: 1, minor: 8, access: "rwm"),  // random
        DeviceRule(type: "c", major: 1, minor: 9, access: "rwm"),  // urandom
        DeviceRule(type: "c", major: 5, minor: 0, access: "rwm"),  // tty
        DeviceRule(type: "c", major: 5, minor: 1, access: "rwm"),  // console
        DeviceRule(type: "c", major: 5, minor: 2, access: "rwm"),  // ptmx
        DeviceRule(type: "c", major: 136, access: "rwm"),  // pts
    ]

    /// Everything.
    static let all = DeviceRule(type: "a", access: "rwm")
}

extension Cgroups {
    /// Allows just these devices to a cgroup's processes.
    func allowDevices(_ path: String, _ rules: [DeviceRule]) throws(SystemError) {
        if let root = layout.mountPoint(of: "devices") {
            let directory = root + path
            if rules.contains(.all) {
                try FileAccess.write(directory + "/devices.allow", "a")
                return
            }
            try FileAccess.write(directory + "/devices.deny", "a")
            for rule in rules {
                let major = rule.major.map(String.init) ?? "*"
                let minor = rule.minor.map(String.init) ?? "*"
                try FileAccess.write(directory + "/devices.allow", "\(rule.type) \(major):\(minor) \(rule.access)")
            }
            return
        }
        guard let unified = layout.unified else { return }
        try attachFilter(unified + path, rules)
    }

    /// Version 2 has no device controller but a program that the kernel asks.
    func attachFilter(_ directory: String, _ rules: [DeviceRule]) throws(SystemError) {
        let list = rules.map { rule in
            var access = 0
            if rule.access.contains("m") { access |= PINTLE_DEVICE_MKNOD }
            if rule.access.contains("r") { access |= PINTLE_DEVICE_READ }
            if rule.access.contains("w") { access |= PINTLE_DEVICE_WRITE }
            return pintle_device_rule(
                type: Int32(rule.type.asciiValue ?? 97), major_number: rule.major ?? -1, minor_number: rule.minor ?? -1,
                access: Int32(access))
        }
        let cgroup = try OwnedDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        let (result, error) = cgroup.withRaw { (pintle_device_filter_attach($0, list, Int32(list.count)), errno) }
        guard result == 0 else { throw SystemError("attach device filter to", directory, errno: error) }
    }
}
