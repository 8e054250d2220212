import PintleObjects

extension PodRules {
    mutating func checkProbes(of container: JSON, _ path: FieldPath) {
        for name in ["livenessProbe", "readinessProbe", "startupProbe"] where container[name].isSet {
            let probe = container[name]
            let path = path.child(name)
            checkProbe(probe, path)
            if name == "readinessProbe" {
                if let period = probe["terminationGracePeriodSeconds"].int {
                    errors.invalid(
                        path.child("terminationGracePeriodSeconds"), .integer(period),
                        "must not be set for readinessProbes")
                }
            } else if probe["successThreshold"].int != 1 {
                errors.invalid(path.child("successThreshold"), probe["successThreshold"], "must be 1")
            }
        }
    }

    private mutating func checkProbe(_ probe: JSON, _ path: FieldPath) {
        checkHandler(probe, ["exec", "httpGet", "tcpSocket", "grpc"], path)
        let numbers = [
            "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold",
        ]
        for field in numbers { errors.notNegative(path.child(field), probe[field]) }
        if let period = probe["terminationGracePeriodSeconds"].int, period <= 0 {
            errors.invalid(path.child("terminationGracePeriodSeconds"), .integer(period), "must be greater than 0")
        }
    }

    mutating func checkLifecycle(_ lifecycle: JSON, _ path: FieldPath) {
        for hook in ["postStart", "preStop"] where lifecycle[hook].isSet {
            checkHandler(lifecycle[hook], ["exec", "httpGet", "tcpSocket", "sleep"], path.child(hook))
        }
        if lifecycle["stopSignal"].isSet, spec["os"]["name"].text.isEmpty {
            errors.forbidden(
                path.child("stopSignal"), "may not be set for containers with empty `spec.os.name`")
        }
    }

    /// Exactly one of `kinds` must be given.
    private mutating func checkHandler(_ handler: JSON, _ kinds: [String], _ path: FieldPath) {
        var found = false
        for kind in kinds where handler[kind].isSet {
            if found {
                errors.forbidden(path.child(kind), "may not specify more than 1 handler type")
                continue
            }
            found = true
            checkAction(handler[kind], kind: kind, path.child(kind))
        }
        if found == false { errors.required(path, "must specify a handler type") }
    }

    private mutating func checkAction(_ action: JSON, kind: String, _ path: FieldPath) {
        switch kind {
        case "exec":
            if action["command"].isAbsentOrEmpty { errors.required(path.child("command")) }
        case "httpGet": checkHTTPGet(action, path)
        case "sleep":
            let seconds = action["seconds"].int ?? 0
            if let gracePeriod, seconds < 0 || seconds > gracePeriod {
                errors.invalid(
                    path, .integer(seconds),
                    "must be non-negative and less than terminationGracePeriodSeconds (\(gracePeriod))")
            }
        default: checkPort(action["port"], path.child("port"))
        }
    }

    private mutating func checkHTTPGet(_ get: JSON, _ path: FieldPath) {
        errors.require(path.child("path"), get["path"].text)
        checkPort(get["port"], path.child("port"))
        let scheme = get["scheme"].text
        if ["HTTP", "HTTPS"].contains(scheme) == false {
            errors.notSupported(path.child("scheme"), scheme, ["HTTP", "HTTPS"])
        }
        for header in get["httpHeaders"].items {
            let name = header["name"].text
            errors.invalid(path.child("httpHeaders"), name, each: NameRules.httpHeaderName(name))
        }
    }

    /// A number, or the name of a port.
    private mutating func checkPort(_ port: JSON, _ path: FieldPath) {
        if let name = port.string {
            errors.invalid(path, name, each: NameRules.portName(name))
        } else {
            let number = port.int ?? 0
            if number < 1 || number > 65535 {
                errors.invalid(path, .integer(number), NameRules.inclusiveRange(1, 65535))
            }
        }
    }
}
