internal import PintleObjects

/// A pod for another operating system can't run here.
enum OSAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        let label = "kubernetes.io/os"
        if let wanted = request.spec["nodeSelector"][label].string, wanted != request.node.labels[label] {
            return AdmissionRejection(
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
        }
        if let name = request.spec["os"]["name"].string, name != "linux" {
            return AdmissionRejection("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
        }
        return nil
    }
}
