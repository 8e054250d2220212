import PintleObjects

/// Objects as Kubernetes shows them within error texts: with the names that its own code gives the fields, in its
/// order, absent fields included.
enum InternalForm {
    static func securityContext(_ context: JSON) -> JSON {
        [
            "Capabilities": nested(context["capabilities"]) { ["Add": orNull($0["add"]), "Drop": orNull($0["drop"])] },
            "Privileged": context["privileged"],
            "SELinuxOptions": nested(context["seLinuxOptions"]) {
                [
                    "User": orEmpty($0["user"]), "Role": orEmpty($0["role"]), "Type": orEmpty($0["type"]),
                    "Level": orEmpty($0["level"]),
                ]
            },
            "WindowsOptions": nested(context["windowsOptions"]) {
                [
                    "GMSACredentialSpecName": $0["gmsaCredentialSpecName"],
                    "GMSACredentialSpec": $0["gmsaCredentialSpec"], "RunAsUserName": $0["runAsUserName"],
                    "HostProcess": $0["hostProcess"],
                ]
            },
            "RunAsUser": context["runAsUser"], "RunAsGroup": context["runAsGroup"],
            "RunAsNonRoot": context["runAsNonRoot"], "ReadOnlyRootFilesystem": context["readOnlyRootFilesystem"],
            "AllowPrivilegeEscalation": context["allowPrivilegeEscalation"], "ProcMount": context["procMount"],
            "SeccompProfile": nested(context["seccompProfile"], profile),
            "AppArmorProfile": nested(context["appArmorProfile"], profile),
        ]
    }

    static func profile(_ profile: JSON) -> JSON {
        ["Type": orEmpty(profile["type"]), "LocalhostProfile": profile["localhostProfile"]]
    }

    private static func nested(_ value: JSON, _ form: (JSON) -> JSON) -> JSON { value.isNull ? .null : form(value) }
    private static func orNull(_ list: JSON) -> JSON { list.isAbsentOrEmpty ? .null : list }
    private static func orEmpty(_ text: JSON) -> JSON { text.isNull ? "" : text }
}
