internal import PintleSDK

/// What to do backwards when an operation fails half-way.
struct UndoList {
    private var steps: [(name: String, body: () throws -> Void)] = []

    /// Remembers how to undo the step that was just taken.
    mutating func add(_ name: @autoclosure () -> String, _ body: @escaping () throws -> Void) {
        steps.append((name(), body))
    }

    /// Undoes every step, the last one first.
    ///
    /// A step that cannot be undone is logged, and the others still are.
    mutating func run(_ host: any HostServices) {
        while let step = steps.popLast() {
            do {
                try step.body()
            } catch {
                host.log(.warning, "undoing \(step.name): \(error)")
            }
        }
    }
}
