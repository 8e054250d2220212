/// Which system calls a container's processes may make, before it is compiled.
struct SeccompProfile: Sendable, Hashable {
    /// What happens to a call.
    enum Action: Sendable, Hashable {
        case allow
        case errno(Int32)
        case killThread
        case killProcess
        case trap
        case log
        case trace(Int32)
    }

    /// A test of an argument.
    struct Condition: Sendable, Hashable {
        enum Comparison: String, Sendable, Hashable {
            case notEqual = "SCMP_CMP_NE"
            case less = "SCMP_CMP_LT"
            case lessOrEqual = "SCMP_CMP_LE"
            case equal = "SCMP_CMP_EQ"
            case greaterOrEqual = "SCMP_CMP_GE"
            case greater = "SCMP_CMP_GT"
            case maskedEqual = "SCMP_CMP_MASKED_EQ"
        }

        var index: UInt32
        var comparison: Comparison
        /// For a masked comparison the mask.
        var value: UInt64
        /// For a masked comparison what the masked argument must be.
        var second: UInt64 = 0
    }

    /// Calls and what happens to them when all conditions hold.
    struct Rule: Sendable, Hashable {
        var names: [String]
        var action: Action
        var conditions: [Condition] = []
    }

    /// What happens to a call that no rule names.
    var standard: Action
    var rules: [Rule]
}
