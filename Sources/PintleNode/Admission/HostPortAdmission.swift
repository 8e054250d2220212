internal import PintleKinds

/// A port of the node is given once.
enum HostPortAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        let wanted = HostPort.all(of: request.spec)
        guard !wanted.isEmpty else { return nil }
        let taken = request.others.flatMap(\.ports)
        guard wanted.contains(where: { port in taken.contains { $0.conflicts(with: port) } }) else { return nil }
        return AdmissionRejection(
            predicate: "NodePorts", "node(s) didn't have free ports for the requested pod ports")
    }
}
