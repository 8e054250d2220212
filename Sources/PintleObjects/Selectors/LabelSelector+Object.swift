extension LabelSelector {
    /// Reads a `LabelSelector` object (`matchLabels`, `matchExpressions`), as workloads and affinities carry it.
    ///
    /// ``JSON/null`` matches nothing, an empty object everything, as in Kubernetes.
    ///
    /// - Throws: ``StatusError`` 400 for an operator that does not exist or values that do not fit it.
    public init(object: JSON) throws(StatusError) {
        guard object.isNull == false else {
            self = .nothing
            return
        }
        var requirements: [Requirement] = []
        for (key, value) in object["matchLabels"].object?.members ?? [] {
            requirements.append(try Requirement(checking: key, .in, [value.string ?? ""]))
        }
        for expression in object["matchExpressions"].array ?? [] {
            let name = expression["operator"].string ?? ""
            let op: Operator
            switch name {
            case "In": op = .in
            case "NotIn": op = .notIn
            case "Exists": op = .exists
            case "DoesNotExist": op = .doesNotExist
            default: throw .badRequest("\(goQuoted(name)) is not a valid label selector operator")
            }
            let values = (expression["values"].array ?? []).compactMap(\.string)
            requirements.append(try Requirement(checking: expression["key"].string ?? "", op, values))
        }
        self.init(requirements)
    }

    /// Makes a selector that wants each of the labels of `labels`, an object of strings: the form of a Service's.
    public init(equalTo labels: JSON) {
        self.init(
            (labels.object?.members ?? []).map {
                Requirement(key: $0.key, op: .equals, values: [$0.value.string ?? ""])
            })
    }
}

extension LabelSelector.Requirement {
    /// Makes a requirement after the checks of Kubernetes.
    init(checking key: String, _ op: LabelSelector.Operator, _ values: [String]) throws(StatusError) {
        func fault(_ text: String) -> StatusError { .badRequest("unable to parse requirement: \(text)") }
        if let complaint = NameRules.qualifiedName(key).first {
            throw fault(FieldError.invalid("key", .string(key), complaint).description)
        }
        let list: JSON = .array(values.map(JSON.string))
        switch op {
        case .in, .notIn:
            if values.isEmpty {
                throw fault(
                    FieldError.invalid("values", list, "for 'in', 'notin' operators, values set can't be empty")
                        .description)
            }
        case .equals, .doubleEquals, .notEquals:
            if values.count != 1 {
                throw fault(
                    FieldError.invalid("values", list, "exact-match compatibility requires one single value")
                        .description)
            }
        case .exists, .doesNotExist:
            if values.isEmpty == false {
                throw fault(
                    FieldError.invalid("values", list, "values set must be empty for exists and does not exist")
                        .description)
            }
        case .greaterThan, .lessThan:
            guard values.count == 1, Int64(values[0]) != nil else {
                throw fault(
                    FieldError.invalid("values[0]", list[0], "for 'Gt', 'Lt' operators, the value must be an integer")
                        .description)
            }
        }
        for (index, value) in values.enumerated() {
            if let complaint = NameRules.labelValue(value).first {
                throw fault(FieldError.invalid("values[\(index)][\(key)]", .string(value), complaint).description)
            }
        }
        self.init(key: key, op: op, values: values)
    }
}
