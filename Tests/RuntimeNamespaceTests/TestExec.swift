import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem

@testable import RuntimeNamespaceCore

extension TestPod {
    /// Runs a script in a container and returns what it wrote to both streams.
    func exec(_ container: String, _ script: String) throws -> String {
        try exec(container, ["sh", "-c", script])
    }

    /// Runs a program in a container and returns what it wrote to both streams.
    func exec(_ container: String, _ command: [String]) throws -> String {
        let path = "\(node.directory)/output-\(container.suffix(8))"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0o600)
        defer { close(file) }
        var request = RuntimeExecRequest()
        request.containerId = container
        request.command = command
        request.stdoutFd = file
        request.stderrFd = file
        _ = try node.driver.exec(request, .unbounded)
        return try FileAccess.text(path)
    }

    /// An image like the node's, changed by `change`, which gets its root directory.
    func image(_ name: String, _ change: (String) throws -> Void) throws -> String {
        let root = "\(node.directory)/\(name)"
        try Busybox.install(root)
        try change(root)
        var build = RuntimeBuildImageRequest()
        build.rootfs = root
        build.reference = "\(name):test"
        return try node.driver.buildImage(build, .unbounded).id
    }
}
