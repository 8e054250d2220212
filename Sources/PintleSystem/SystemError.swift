import Glibc

/// Why a system call failed.
///
/// Match on ``errno``; show ``description`` to people.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was being done, for example `"open"`.
    package let call: String
    /// With which object; may be empty.
    package let object: String
    /// The kernel's number.
    package let errno: Int32

    /// Makes an error; without a number it takes the thread's `errno`, so make it right after the call.
    package init(_ call: String, _ object: String = "", errno: Int32 = Glibc.errno) {
        self.call = call
        self.object = object
        self.errno = errno
    }

    package var description: String {
        object.isEmpty ? "\(call): \(reason)" : "\(call) \(object): \(reason)"
    }

    /// The kernel's sentence in lower case, as Kubernetes' messages have it.
    package var reason: String { SystemError.text(errno) }

    /// The sentence for an `errno`, starting in lower case.
    package static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let first = text.first else { return "error \(number)" }
        return first.lowercased() + text.dropFirst()
    }
}
