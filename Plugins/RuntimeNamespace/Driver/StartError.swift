import Glibc
import PintleSystem

/// What Kubernetes shows when a program can't be started: the sentences of its usual runtimes, which people search for.
enum StartError {
    static func message(_ failure: InfraFailure) -> String {
        guard case .refused(let number, let stage, let detail) = failure.kind else { return failure.description }
        return "unable to start container process: \(cause(number, stage, detail))"
    }

    private static func cause(_ number: Int32, _ stage: String, _ detail: String) -> String {
        let text = SystemError.text(number)
        switch stage {
        case "exec lookup": return "exec: \"\(detail)\": executable file not found in $PATH"
        case "exec stat": return "exec: \"\(detail)\": stat \(detail): \(text)"
        case "exec" where number == EACCES || number == EISDIR: return "exec: \"\(detail)\": \(text)"
        case "exec": return "exec \(detail): \(text)"
        case "user" where number == ENOENT: return "unable to find user \(detail): no matching entries in passwd file"
        case "group" where number == ENOENT: return "unable to find group \(detail): no matching entries in group file"
        case "working directory": return "chdir to cwd (\"\(detail)\") failed: \(text)"
        case "mount source": return "error mounting \"\(detail)\": stat \(detail): \(text)"
        default: return "\(stage)\(detail.isEmpty ? "" : " \(detail)"): \(text)"
        }
    }
}
