import Glibc
internal import PintleNetlink
internal import PintleSDK

extension DriverFailure {
    /// A refusal of the kernel, in the terms of the ABI.
    init(_ error: NetlinkError, attachment: String? = nil) {
        let (code, reason): (DriverFailure.Code, String) =
            switch error.errno {
            case EPERM, EACCES: (.permission, "NotPermitted")
            case ENOMEM, ENOBUFS, ENFILE, EMFILE, EAGAIN: (.resource, "KernelOutOfResources")
            case EBADF: (.invalid, "NoNamespace")
            case EEXIST: (.conflict, "LinkTaken")
            default: (.internal, "KernelRefused")
            }
        let prefix = attachment.map { "attachment \($0): " } ?? ""
        self.init(code, reason: reason, prefix + error.description, errno: error.errno)
    }

    /// Runs `body` and turns a ``NetlinkError`` into a failure.
    static func fromKernel<R>(attachment: String? = nil, _ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as NetlinkError {
            throw DriverFailure(error, attachment: attachment)
        }
    }
}
