internal import Glibc
internal import PintleInterfaces

/// The links `POD_NAMESPACE_CONTAINER-ID.log` to containers' logs, where log collectors look for them.
///
/// They lie in `containers` beside the folder of pods' logs: `/var/log/containers` for a node in its default place.
/// Blocks briefly; one caller at a time.
struct LogLinks: Sendable {
    let directory: String
    private let logDirectory: String

    init(logDirectory: String) {
        self.logDirectory = logDirectory
        directory = LogFiles.split(logDirectory).folder + "/containers"
    }

    /// A link's name; shortened as kubelet does it when it would be too long for a file system.
    static func name(_ container: RuntimeContainerStatus) -> String {
        let pod = container.labels["io.kubernetes.pod.name"] ?? ""
        let namespace = container.labels["io.kubernetes.pod.namespace"] ?? ""
        let text = "\(pod)_\(namespace)_\(container.name)-\(container.id)"
        return String(decoding: text.utf8.prefix(255 - 4), as: UTF8.self) + ".log"
    }

    func add(_ container: RuntimeContainerStatus) {
        make()
        link(container)
    }

    func remove(_ container: RuntimeContainerStatus) { unlink("\(directory)/\(Self.name(container))") }

    /// Makes the links of these containers, and removes those that lead to other logs of this node.
    func replaceAll(_ containers: [RuntimeContainerStatus]) {
        make()
        let wanted = Set(containers.map(Self.name))
        for name in PodLogFolder.names(directory) where !wanted.contains(name) {
            if target(name)?.hasPrefix(logDirectory + "/") == true { unlink("\(directory)/\(name)") }
        }
        for container in containers where target(Self.name(container)) != container.logPath { link(container) }
    }

    private func make() {
        let parent = LogFiles.split(directory).folder
        if access(directory, F_OK) == 0 { return }
        mkdir(parent, 0o755)
        mkdir(directory, 0o755)
    }

    private func link(_ container: RuntimeContainerStatus) {
        let path = "\(directory)/\(Self.name(container))"
        if symlink(container.logPath, path) != 0, errno == EEXIST {
            unlink(path)
            symlink(container.logPath, path)
        }
    }

    private func target(_ name: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("\(directory)/\(name)", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
