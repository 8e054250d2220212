import PintleObjects

/// The defaults of one container of any sort.
enum ContainerDefaults {
    static func apply(to container: inout JSON, hostNetwork: Bool) {
        container.editEach("ports") { port in
            port.setDefaultOverZero("protocol", "TCP")
            if hostNetwork { port.setDefaultOverZero("hostPort", port["containerPort"]) }
            for key in ["hostPort", "name", "hostIP"] { port.dropIfZero(key) }
        }
        container.editEach("env") { variable in
            variable.edit("valueFrom") { source in
                source.edit("fieldRef") { $0.setDefaultOverZero("apiVersion", "v1") }
                source.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
            }
            variable.dropIfZero("value")
        }
        container.setDefault("resources", [:])
        applyRequests(to: &container["resources"])
        container.editEach("volumeMounts") { mount in
            for key in ["readOnly", "subPath", "subPathExpr"] { mount.dropIfZero(key) }
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] { container.edit(probe, applyProbe) }
        container.edit("lifecycle") { lifecycle in
            lifecycle.edit("postStart") { $0.edit("httpGet", applyHTTPGet) }
            lifecycle.edit("preStop") { $0.edit("httpGet", applyHTTPGet) }
        }
        container.setDefaultOverZero("terminationMessagePath", "/dev/termination-log")
        container.setDefaultOverZero("terminationMessagePolicy", "File")
        if container["imagePullPolicy"].text.isEmpty {
            container["imagePullPolicy"] = .string(ImageReference.pullPolicy(of: container["image"].text))
        }
        for key in [
            "stdin", "stdinOnce", "tty", "workingDir", "ports", "env", "envFrom", "volumeMounts", "command", "args",
        ] {
            container.dropIfZero(key)
        }
    }

    /// A limit without a request is also the request.
    private static func applyRequests(to resources: inout JSON) {
        for (name, limit) in resources["limits"].entries where resources["requests"][name].isNull {
            resources["requests"][name] = limit
        }
        for key in ["limits", "requests", "claims"] { resources.dropIfZero(key) }
    }

    private static func applyProbe(_ probe: inout JSON) {
        probe.edit("httpGet", applyHTTPGet)
        probe.edit("grpc") { $0.setDefault("service", "") }
        probe.dropIfZero("initialDelaySeconds")
        probe.setDefaultOverZero("timeoutSeconds", 1)
        probe.setDefaultOverZero("periodSeconds", 10)
        probe.setDefaultOverZero("successThreshold", 1)
        probe.setDefaultOverZero("failureThreshold", 3)
    }

    private static func applyHTTPGet(_ get: inout JSON) {
        get.setDefaultOverZero("path", "/")
        get.setDefaultOverZero("scheme", "HTTP")
    }
}

/// What an image's name says about how fresh it must be.
enum ImageReference {
    /// `Always` for the tag `latest`, given or implied, otherwise `IfNotPresent`.
    static func pullPolicy(of image: String) -> String {
        if image.isEmpty || image.contains("@") { return "IfNotPresent" }
        let name = image.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let colon = name.lastIndex(of: ":") else { return "Always" }
        return name[name.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
    }
}
