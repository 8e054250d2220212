/// The sorts of volumes, in the order in which the first given one counts.
struct VolumeSource {
    let name: String
    /// The fields that must be there and not empty.
    let required: [String]
    /// The name in the error about a second source, where Kubernetes uses another than the field's.
    let forbiddenName: String
    /// The name in the paths of errors within the source.
    let checkedName: String

    private init(_ name: String, _ required: [String] = [], forbidden: String? = nil, checked: String? = nil) {
        self.name = name
        self.required = required
        forbiddenName = forbidden ?? name
        checkedName = checked ?? name
    }

    static let all = [
        VolumeSource("emptyDir"), VolumeSource("hostPath", ["path"]), VolumeSource("gitRepo", ["repository"]),
        VolumeSource("gcePersistentDisk", ["pdName"], checked: "persistentDisk"),
        VolumeSource("awsElasticBlockStore", ["volumeID"]), VolumeSource("secret", ["secretName"]),
        VolumeSource("nfs", ["server", "path"]), VolumeSource("iscsi", ["targetPortal", "iqn"]),
        VolumeSource("glusterfs", ["endpoints", "path"]), VolumeSource("flocker"),
        VolumeSource("persistentVolumeClaim", ["claimName"]), VolumeSource("rbd", ["monitors", "image"]),
        VolumeSource("cinder", ["volumeID"]), VolumeSource("cephfs", ["monitors"], forbidden: "cephFS"),
        VolumeSource("quobyte"), VolumeSource("downwardAPI", forbidden: "downwarAPI"), VolumeSource("fc"),
        VolumeSource("flexVolume", ["driver"]), VolumeSource("configMap", ["name"]),
        VolumeSource("azureFile", ["secretName", "shareName"]), VolumeSource("vsphereVolume", ["volumePath"]),
        VolumeSource("photonPersistentDisk", ["pdID"]), VolumeSource("portworxVolume", ["volumeID"]),
        VolumeSource("azureDisk", ["diskName", "diskURI"]), VolumeSource("storageos", ["volumeName"]),
        VolumeSource("projected"), VolumeSource("scaleIO", ["gateway", "system", "volumeName"]),
        VolumeSource("csi"), VolumeSource("ephemeral", ["volumeClaimTemplate"]),
        VolumeSource("image", ["reference"]),
    ]
}
