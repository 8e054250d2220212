import PintleObjects

extension Quantity {
    /// Zero.
    static let nothing = Quantity(nanos: 0)
}
