/// An image of the store, as it was when it was looked up.
///
/// A value: it does not change and holds nothing open.
package struct StoredImage: Sendable, Hashable {
    /// The digest of the image's configuration, for example `"sha256:…"`.
    package var id: String
    /// Full names with tags, sorted, for example `"docker.io/library/busybox:1.35"`.
    ///
    /// May be empty.
    package var repoTags: [String]
    /// Full names with the digest they were pulled by, sorted, for example `"docker.io/library/busybox@sha256:…"`.
    package var repoDigests: [String]
    /// Bytes that the image's layers hold when unpacked; layers shared with other images count here too.
    package var size: UInt64
    /// When the image was made, in nanoseconds since 1970, or 0 when it does not say.
    package var created: Int64
    /// When the store got it, in nanoseconds since 1970.
    package var pulled: Int64
    /// The unpacked layers as absolute directories for overlayfs' `lowerdir`, **topmost first**.
    ///
    /// Whiteouts are overlayfs' own (character device 0/0, `trusted.overlay.opaque`). The directories stay as long as
    /// the image is stored or someone holds it with ``ImageStore/hold(_:for:)``. Empty for an image without layers.
    package var layers: [String]
    /// The annotations of its manifest.
    package var annotations: [String: String]
    /// How its processes are to be started.
    package var config: ImageConfig
}

/// What an image says about the processes started from it; the `config` member of an OCI image configuration.
package struct ImageConfig: Sendable, Hashable {
    /// `NAME=value`, in the image's order.
    package var env: [String] = []
    package var entrypoint: [String] = []
    package var cmd: [String] = []
    /// `user`, `uid`, `user:group`, `uid:gid` or empty for root.
    package var user: String = ""
    /// An absolute path, or empty for `/`.
    package var workingDir: String = ""
    /// For example `"SIGQUIT"` or `"3"`; empty when the image does not say.
    package var stopSignal: String = ""
    package var labels: [String: String] = [:]
    /// For example `"80/tcp"`, sorted.
    package var exposedPorts: [String] = []
    /// Paths the image declares as volumes, sorted.
    package var volumes: [String] = []

    package init() {}
}
