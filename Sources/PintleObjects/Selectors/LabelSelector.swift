/// What a set of labels must fulfil: `app=web,tier in (a,b),!legacy`.
public struct LabelSelector: Sendable, Hashable {
    /// How a requirement compares.
    public enum Operator: String, Sendable, Hashable {
        case equals = "="
        case doubleEquals = "=="
        case notEquals = "!="
        case `in` = "in"
        case notIn = "notin"
        case exists = "exists"
        case doesNotExist = "!"
        case greaterThan = "gt"
        case lessThan = "lt"
    }

    /// One condition on one label.
    public struct Requirement: Sendable, Hashable {
        /// The label's key.
        public let key: String
        /// How the label's value is compared.
        public let op: Operator
        /// What it is compared with, sorted.
        public let values: [String]

        /// Makes a requirement.
        public init(key: String, op: Operator, values: [String] = []) {
            self.key = key
            self.op = op
            self.values = values.sorted()
        }

        /// Whether a label with this value, `nil` when there is none, fulfils the requirement.
        public func matches(_ value: String?) -> Bool {
            switch op {
            case .equals, .doubleEquals, .in: return value.map(values.contains) ?? false
            case .notEquals, .notIn: return value.map { values.contains($0) == false } ?? true
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            case .greaterThan, .lessThan:
                guard let value, let left = Int64(value), let right = values.first.flatMap({ Int64($0) }) else {
                    return false
                }
                return op == .greaterThan ? left > right : left < right
            }
        }
    }

    /// All must be fulfilled; sorted by key.
    public let requirements: [Requirement]
    /// Whether it matches nothing at all, which a list of requirements cannot say.
    let matchesNothing: Bool

    /// Makes a selector of requirements; none of them matches everything.
    public init(_ requirements: [Requirement]) {
        self.requirements = requirements.sorted { $0.key < $1.key }
        matchesNothing = false
    }

    private init(matchesNothing: Bool) {
        requirements = []
        self.matchesNothing = matchesNothing
    }

    /// Matches every object.
    public static let everything = LabelSelector([])

    /// Matches no object.
    public static let nothing = LabelSelector(matchesNothing: true)

    /// Whether it matches every object.
    public var isEverything: Bool { requirements.isEmpty && matchesNothing == false }

    /// Whether `labels`, an object of strings or ``JSON/null``, fulfils every requirement.
    public func matches(labels: JSON) -> Bool {
        matchesNothing == false && requirements.allSatisfy { $0.matches(labels[$0.key].string) }
    }

    /// Whether the labels of `object`, a Kubernetes object, fulfil every requirement.
    public func matches(object: JSON) -> Bool { isEverything || matches(labels: object["metadata"]["labels"]) }
}

extension LabelSelector: CustomStringConvertible {
    /// The selector as text, which can be parsed again.
    public var description: String { requirements.map(\.description).joined(separator: ",") }
}

extension LabelSelector.Requirement: CustomStringConvertible {
    /// The requirement as text.
    public var description: String {
        switch op {
        case .exists: key
        case .doesNotExist: "!\(key)"
        case .in, .notIn: "\(key) \(op.rawValue) (\(values.joined(separator: ",")))"
        case .greaterThan: "\(key)>\(values.joined())"
        case .lessThan: "\(key)<\(values.joined())"
        case .equals, .doubleEquals, .notEquals: "\(key)\(op.rawValue)\(values.joined())"
        }
    }
}
