/// How images are pulled and kept; names and defaults as in KubeletConfiguration unless a field says otherwise.
public struct ImagePolicy: Sendable, Hashable {
    /// Whose right to an image is checked when it is there already.
    public enum Verification: String, Sendable, Hashable, CaseIterable {
        /// Nobody's.
        case never = "NeverVerify"
        /// Of images that this node pulled, not of those that were put there by other means.
        case neverPreloaded = "NeverVerifyPreloadedImages"
        /// Like ``neverPreloaded``, for the preloaded images of a list only.
        case neverAllowlisted = "NeverVerifyAllowlistedImages"
        /// Of all images.
        case always = "AlwaysVerify"
    }

    /// How many images are pulled at once.
    ///
    /// Kubernetes pulls one after the other unless told otherwise; here several at once are the default.
    public var maxParallelPulls = 5
    /// Who may use an image that is there.
    public var verification = Verification.neverPreloaded
    /// Images that ``Verification/neverAllowlisted`` lets through; a pattern may end in `/*`.
    public var allowlist: [String] = []
    /// Above this share of the disk in use, in percent, images are removed.
    public var gcHighThresholdPercent: Int64 = 85
    /// Down to this share, in percent.
    public var gcLowThresholdPercent: Int64 = 80
    /// The least age of an image that is removed for space, seconds.
    public var minimumGCAge: Double = 120
    /// An image that nobody used for so long is removed whatever space there is, seconds; 0 means never.
    public var maximumGCAge: Double = 0
    /// The file with a `CredentialProviderConfig`; empty means none.
    public var credentialProviderConfig = ""
    /// The folder with the providers' programs.
    public var credentialProviderBinDir = ""

    /// The defaults.
    public init() {}
}
