extension LabelSelector {
    /// Reads a selector as `kubectl -l` and `?labelSelector=` carry it; the empty text matches everything.
    ///
    /// - Throws: ``StatusError`` 400 with Kubernetes' words.
    public init(parsing text: String) throws(StatusError) {
        var parser = SelectorParser(text)
        self.init(try parser.requirements())
    }
}

/// A lexer and parser for selectors: `key`, `!key`, `key op value`, `key in (a,b)`.
private struct SelectorParser {
    private enum Token: Equatable {
        case end, comma, open, close, bang
        case op(LabelSelector.Operator)
        case word(String)
    }

    private let text: String
    private var rest: Substring
    private var token: Token = .end
    private var literal = ""

    init(_ text: String) {
        self.text = text
        rest = text[...]
        advance()
    }

    mutating func requirements() throws(StatusError) -> [LabelSelector.Requirement] {
        var requirements: [LabelSelector.Requirement] = []
        if token == .end { return [] }
        while true {
            requirements.append(try requirement())
            switch token {
            case .end: return requirements
            case .comma:
                advance()
                if case .word = token { continue }
                if token == .bang { continue }
                throw fault("found '\(literal)', expected: identifier after ','")
            default: throw fault("found '\(literal)', expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(StatusError) -> LabelSelector.Requirement {
        let negated = token == .bang
        if negated { advance() }
        let key: String
        switch token {
        case .word(let word): key = word
        case .op(let op) where op == .in || op == .notIn: key = op.rawValue
        default: throw fault("found '\(literal)', expected: identifier")
        }
        advance()
        if negated { return try LabelSelector.Requirement(checking: key, .doesNotExist, []) }
        switch token {
        case .end, .comma: return try LabelSelector.Requirement(checking: key, .exists, [])
        case .op(let op):
            advance()
            let values = op == .in || op == .notIn ? try list() : [value()]
            return try LabelSelector.Requirement(checking: key, op, values)
        default: throw fault("found '\(literal)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    /// One value after an operator; it may be missing, which is the empty string.
    private mutating func value() -> String {
        let value: String
        switch token {
        case .word(let word): value = word
        case .op(let op) where op == .in || op == .notIn: value = op.rawValue
        default: return ""
        }
        advance()
        return value
    }

    private mutating func list() throws(StatusError) -> [String] {
        guard token == .open else { throw fault("found '\(literal)' expected: '('") }
        advance()
        var values: Set<String> = []
        while true {
            values.insert(value())
            if token == .comma {
                advance()
                continue
            }
            guard token == .close else { throw fault("found '\(literal)', expected: ',', ')' or identifier") }
            advance()
            return values.sorted()
        }
    }

    private mutating func advance() {
        rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" }
        guard let first = rest.first else {
            token = .end
            literal = ""
            return
        }
        let symbols: [(String, Token)] = [
            ("==", .op(.doubleEquals)), ("!=", .op(.notEquals)), ("=", .op(.equals)), ("!", .bang),
            (">", .op(.greaterThan)), ("<", .op(.lessThan)), ("(", .open), (")", .close), (",", .comma),
        ]
        for (symbol, token) in symbols where rest.hasPrefix(symbol) {
            self.token = token
            literal = symbol
            rest = rest.dropFirst(symbol.count)
            return
        }
        let word = rest.prefix { " \t\r\n=!(),<>".contains($0) == false }
        rest = rest.dropFirst(max(word.count, 1))
        literal = word.isEmpty ? String(first) : String(word)
        switch literal {
        case "in": token = .op(.in)
        case "notin": token = .op(.notIn)
        default: token = .word(literal)
        }
    }

    private func fault(_ what: String) -> StatusError { .badRequest("unable to parse requirement: \(what)") }
}
