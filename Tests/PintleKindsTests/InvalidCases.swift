/// An object that an API server refuses, and why.
struct InvalidCase {
    /// What the client sends.
    let sent: String
    /// The causes in the server's order: reason, field and message.
    let causes: [(reason: String, field: String, message: String)]
}

extension InvalidCase: CustomStringConvertible {
    var description: String { causes.map(\.field).joined(separator: ", ") }
}

extension InvalidCase {
    static let all = [
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Bad_Name"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "metadata.name",
                    #"""
                    Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}}
                """#,
            causes: [
                ("FieldValueRequired", "spec.containers", #"Required value"#)
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "C", "image": ""}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].name",
                    #"""
                    Invalid value: "C": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
                    """#
                ),
                ("FieldValueRequired", "spec.containers[0].image", #"Required value"#),
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}, {"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                ("FieldValueDuplicate", "spec.containers[1].name", #"Duplicate value: "c""#)
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"restartPolicy": "Sometimes", "containers": [{"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                (
                    "FieldValueNotSupported", "spec.restartPolicy",
                    #"""
                    Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 70000}]}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].ports[0].containerPort",
                    #"Invalid value: 70000: must be between 1 and 65535, inclusive"#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80, "hostPort": 81, "name": "TOO_LONG_PORT_NAME"}]}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].ports[0].name",
                    #"""
                    Invalid value: "TOO_LONG_PORT_NAME": must be no more than 15 characters
                    """#
                ),
                (
                    "FieldValueInvalid", "spec.containers[0].ports[0].name",
                    #"""
                    Invalid value: "TOO_LONG_PORT_NAME": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)
                    """#
                ),
                (
                    "FieldValueInvalid", "spec.containers[0].ports[0].name",
                    #"""
                    Invalid value: "TOO_LONG_PORT_NAME": must contain at least one letter (a-z)
                    """#
                ),
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "volumeMounts": [{"name": "nope", "mountPath": "/x"}]}]}}
                """#,
            causes: [
                ("FieldValueNotFound", "spec.containers[0].volumeMounts[0].name", #"Not found: "nope""#)
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].resources.requests",
                    #"""
                    Invalid value: "2": must be less than or equal to cpu limit of 1
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "env": [{"name": "=", "value": "x"}]}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].env[0].name",
                    #"""
                    Invalid value: "=": a valid environment variable name must consist only of printable ASCII characters other than '='
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "livenessProbe": {}}]}}
                """#,
            causes: [
                (
                    "FieldValueRequired", "spec.containers[0].livenessProbe",
                    #"Required value: must specify a handler type"#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "livenessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["a"]}}}]}}
                """#,
            causes: [
                (
                    "FieldValueForbidden", "spec.containers[0].livenessProbe.tcpSocket",
                    #"Forbidden: may not specify more than 1 handler type"#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}], "volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/a"}}]}}
                """#,
            causes: [
                (
                    "FieldValueForbidden", "spec.volumes[0].hostPath",
                    #"Forbidden: may not specify more than 1 volume type"#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}], "tolerations": [{"operator": "Exists", "value": "x"}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.tolerations[0].operator",
                    #"""
                    Invalid value: "x": value must be empty when `operator` is 'Exists'
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}], "dnsPolicy": "None"}}
                """#,
            causes: [
                (
                    "FieldValueRequired", "spec.dnsConfig",
                    #"""
                    Required value: must provide `dnsConfig` when `dnsPolicy` is None
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"bad key!": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "metadata.labels",
                    #"""
                    Invalid value: "bad key!": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx", "securityContext": {"privileged": true, "allowPrivilegeEscalation": false}}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.containers[0].securityContext",
                    #"""
                    Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"activeDeadlineSeconds": -1, "terminationGracePeriodSeconds": -1, "containers": [{"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "spec.activeDeadlineSeconds",
                    #"""
                    Invalid value: -1: must be between 1 and 2147483647, inclusive
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"bad/key": "x"}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "data[bad/key]",
                    #"""
                    Invalid value: "bad/key": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {}}
                """#,
            causes: [
                ("FieldValueRequired", "data[tls.crt]", #"Required value"#),
                ("FieldValueRequired", "data[tls.key]", #"Required value"#),
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "A"}}
                """#,
            causes: [
                (
                    "FieldValueInvalid", "metadata.name",
                    #"""
                    Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
                    """#
                )
            ]),
        InvalidCase(
            sent: #"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": ""}]}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
                """#,
            causes: [
                ("FieldValueInvalid", "metadata.ownerReferences.uid", #"Invalid value: "": must not be empty"#)
            ]),
    ]
}
