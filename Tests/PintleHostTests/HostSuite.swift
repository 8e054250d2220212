import Testing

/// Every test of the host.
///
/// One at a time: some look at the whole process, and drivers share it.
@Suite(.serialized)
struct HostSuite {}
