import PintleSDK
import PintleSystem

/// Why a request to an infra process failed.
struct InfraFailure: Error, Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        /// It answered with an `errno`.
        case refused(errno: Int32, stage: String, detail: String)
        /// It is gone, or the connection to it is.
        case gone
        case late
        case cancelled
    }

    let kind: Kind

    var description: String {
        switch kind {
        case .refused(let errno, let stage, let detail):
            "\(stage.isEmpty ? "request" : stage)\(detail.isEmpty ? "" : " \(detail)"): \(SystemError.text(errno))"
        case .gone: "the pod's infra process is gone"
        case .late: "the pod's infra process did not answer in time"
        case .cancelled: "the call was cancelled"
        }
    }

    var errno: Int32 {
        if case .refused(let errno, _, _) = kind { errno } else { 0 }
    }

    /// The failure that the host sees when nothing more is known.
    var driverFailure: DriverFailure {
        switch kind {
        case .refused(let errno, _, _): DriverFailure(.internal, reason: "InfraRefused", description, errno: errno)
        case .gone: DriverFailure(.unavailable, reason: "InfraProcessDied", description)
        case .late: DriverFailure(.deadline, reason: "DeadlineExceeded", description)
        case .cancelled: DriverFailure(.cancelled, reason: "Cancelled", description)
        }
    }
}
