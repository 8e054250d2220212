/// What one check found.
///
/// The texts are those that a kubelet writes into its events.
public enum ProbeOutcome: Sendable, Hashable {
    /// It works.
    case success
    /// It counts as working, but somebody should look.
    case warning(String)
    /// It does not work.
    case failure(String)
    /// The check itself could not be carried out; it says nothing about what was to be checked.
    case error(String)
}
