/// What bounds one call of the store: its deadline and its caller's wish to stop.
///
/// Both are looked at about ten times a second, on the thread that made the call; an operation that ends early leaves
/// the store as it was, apart from partly downloaded layers, which the next pull resumes.
package struct ImageOperation {
    /// The moment on `CLOCK_MONOTONIC`, in nanoseconds, at which to give up; 0 means never.
    package var deadline: Int64
    /// Answers whether the caller has cancelled.
    ///
    /// Called on the caller's thread only; must not block.
    package var isCancelled: () -> Bool

    package init(deadline: Int64 = 0, isCancelled: @escaping () -> Bool = { false }) {
        self.deadline = deadline
        self.isCancelled = isCancelled
    }
}

/// How far one layer of a pull or an import has come.
package struct LayerProgress: Sendable, Hashable {
    /// The digest of the layer as the manifest names it; empty while the image is being resolved.
    package var layer: String
    package var phase: Phase
    /// Bytes received so far.
    package var done: UInt64
    /// Bytes there will be, or 0 when that is not known.
    package var total: UInt64

    /// Spelled as in the driver interface's `pull_progress`.
    package enum Phase: String, Sendable, Hashable {
        case resolving, downloading, unpacking
        /// Unpacked and verified, or in the store already.
        case done
    }
}

/// Where an image to import is.
package enum ImageSource: Sendable, Hashable {
    /// A descriptor to read an archive from, a pipe too. It stays the caller's.
    case descriptor(Int32)
    /// An archive (OCI layout or docker-archive; tar, gzip or zstd) or a directory with an OCI layout.
    case path(String)
}

/// How to log in to a registry.
///
/// All empty means without.
package struct RegistryAuth: Sendable, Hashable {
    package var username: String = ""
    package var password: String = ""
    /// An OAuth refresh token, exchanged at the registry's token service.
    package var identityToken: String = ""
    /// A bearer token sent as it is.
    package var registryToken: String = ""

    package init() {}

    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

/// What an image must be made for.
package struct ImagePlatform: Sendable, Hashable, CustomStringConvertible {
    package var os: String
    package var architecture: String
    /// For example `"v8"`; empty accepts any, preferring those without one.
    package var variant: String

    /// The platform of this machine.
    package static var host: ImagePlatform {
        #if arch(arm64)
            ImagePlatform(os: "linux", architecture: "arm64")
        #else
            ImagePlatform(os: "linux", architecture: "amd64")
        #endif
    }

    package init(os: String, architecture: String, variant: String = "") {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Reads `OS/ARCHITECTURE` or `OS/ARCHITECTURE/VARIANT`; nil for anything else.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 3, !parts.contains("") else { return nil }
        self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : "")
    }

    package var description: String { variant.isEmpty ? "\(os)/\(architecture)" : "\(os)/\(architecture)/\(variant)" }
}

/// The settings of an image made by ``ImageStore/build(rootfs:recipe:operation:)``.
package struct ImageRecipe: Sendable, Hashable {
    /// The names to give it; each gets `:latest` if it has no tag.
    package var tags: [String] = []
    package var config = ImageConfig()
    package var platform = ImagePlatform.host
    /// Nanoseconds since 1970; nil means now.
    ///
    /// Fix it to get the same id from the same files.
    package var created: Int64?

    package init() {}
}

/// What the store takes up.
package struct ImageFilesystemInfo: Sendable, Hashable {
    /// The store's directory.
    package var directory: String
    /// Bytes and inodes of all unpacked layers.
    package var usedBytes: UInt64
    package var usedInodes: UInt64
    /// Bytes and inodes of the file system the directory is on.
    package var capacityBytes: UInt64
    package var availableBytes: UInt64
    package var capacityInodes: UInt64
    package var availableInodes: UInt64
    /// When this was found out, in nanoseconds since 1970.
    package var timestamp: Int64
}
