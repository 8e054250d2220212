import PintleObjects

/// The defaults of one volume.
enum VolumeDefaults {
    /// Volumes whose files have modes.
    private static let defaultMode: JSON = 420  // 0644

    static func apply(to volume: inout JSON) {
        if volume.entries.contains(where: { $0.key != "name" && $0.value.isSet }) == false { volume["emptyDir"] = [:] }
        volume.edit("emptyDir") { $0.dropIfZero("medium") }
        volume.edit("hostPath") { $0.setDefault("type", "") }
        for source in ["secret", "configMap", "downwardAPI", "projected"] {
            volume.edit(source) { $0.setDefault("defaultMode", defaultMode) }
        }
        volume.edit("downwardAPI") { $0.editEach("items", applyFile) }
        volume.edit("projected") { projected in
            projected.editEach("sources") { source in
                source.edit("serviceAccountToken") { $0.setDefaultOverZero("expirationSeconds", 3600) }
                source.edit("downwardAPI") { $0.editEach("items", applyFile) }
            }
        }
        volume.edit("image") { image in
            guard image["pullPolicy"].text.isEmpty, image["reference"].text.isEmpty == false else { return }
            image["pullPolicy"] = .string(ImageReference.pullPolicy(of: image["reference"].text))
        }
        volume.edit("ephemeral") { ephemeral in
            ephemeral.edit("volumeClaimTemplate") {
                $0.edit("spec") { $0.setDefaultOverZero("volumeMode", "Filesystem") }
            }
        }
        applyStatic(to: &volume)
    }

    private static func applyFile(_ file: inout JSON) {
        file.edit("fieldRef") { $0.setDefaultOverZero("apiVersion", "v1") }
        file.edit("resourceFieldRef") { $0.setDefault("divisor", "0") }
    }

    /// Sources of other systems, whose defaults are constants.
    private static func applyStatic(to volume: inout JSON) {
        for (source, fields) in constants {
            volume.edit(source) { for (key, value) in fields { $0.setDefaultOverZero(key, value) } }
        }
        volume.edit("azureDisk") { $0.setDefault("readOnly", false) }
    }

    private static let constants: [(String, [(String, JSON)])] = [
        ("azureDisk", [("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4")]),
        ("iscsi", [("iscsiInterface", "default")]),
        ("rbd", [("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")]),
        ("scaleIO", [("storageMode", "ThinProvisioned"), ("fsType", "xfs")]),
    ]
}
