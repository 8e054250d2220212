/// A driver: one open instance of one interface.
///
/// Conform to `RuntimeDriver`, `NetworkDriver` or `StorageDriver`, which say what the host calls. Calls come on many
/// host threads at once and may block; a driver uses no async code.
public protocol Driver: AnyObject, Sendable {
    /// Opens an instance. This is where work starts.
    ///
    /// - Throws: ``DriverFailure`` when the configuration or this kernel does not do.
    init(_ context: OpenContext) throws

    /// The capabilities that this kernel and configuration allow, of those in the manifest.
    var capabilities: [String] { get }

    /// Closes the instance. Objects that it made stay; no call is running.
    func close()
}

/// What an instance is opened with.
public struct OpenContext: Sendable {
    /// JSON, valid against the manifest's `config_schema`, with its defaults filled in.
    public let config: [UInt8]
    /// 8 hexadecimal digits of the data directory, which names of kernel objects carry.
    public let instanceID: String
    /// The host's services; valid until the instance is closed.
    public let host: any HostServices

    /// Makes a context, as a test of a driver does.
    public init(config: [UInt8], instanceID: String, host: any HostServices) {
        self.config = config
        self.instanceID = instanceID
        self.host = host
    }
}
