import PintleKinds
import PintleObjects
import Testing

@Suite("Validation of probes and hooks")
struct ProbeRulesTests {
    /// A container's field, its value, and the error that it's to give; nil means none.
    static let cases: [(field: String, value: String, error: String?)] = [
        ("livenessProbe", #"{"exec":{"command":["true"]}}"#, nil),
        ("livenessProbe", #"{"grpc":{"port":1}}"#, nil),
        ("livenessProbe", #"{"tcpSocket":{"port":"web-1"}}"#, nil),
        ("livenessProbe", #"{"exec":{}}"#, "exec.command: Required value"),
        (
            "livenessProbe", #"{"grpc":{"port":0}}"#,
            "grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive"
        ),
        (
            "livenessProbe", #"{"tcpSocket":{"port":70000}}"#,
            "tcpSocket.port: Invalid value: 70000: must be between 1 and 65535, inclusive"
        ),
        (
            "livenessProbe", #"{"tcpSocket":{"port":"123"}}"#,
            #"tcpSocket.port: Invalid value: "123": must contain at least one letter (a-z)"#
        ),
        (
            "readinessProbe", #"{"httpGet":{"port":80,"scheme":"GOPHER"}}"#,
            #"httpGet.scheme: Unsupported value: "GOPHER": supported values: "HTTP", "HTTPS""#
        ),
        (
            "readinessProbe", #"{"tcpSocket":{"port":1},"failureThreshold":-1}"#,
            "failureThreshold: Invalid value: -1: must be greater than or equal to 0"
        ),
        (
            "readinessProbe", #"{"tcpSocket":{"port":1},"periodSeconds":-5}"#,
            "periodSeconds: Invalid value: -5: must be greater than or equal to 0"
        ),
        (
            "readinessProbe", #"{"tcpSocket":{"port":1},"terminationGracePeriodSeconds":1}"#,
            "terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes"
        ),
        (
            "startupProbe", #"{"tcpSocket":{"port":1},"terminationGracePeriodSeconds":0}"#,
            "terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"
        ),
        (
            "startupProbe", #"{"tcpSocket":{"port":1},"successThreshold":3}"#,
            "successThreshold: Invalid value: 3: must be 1"
        ),
        ("readinessProbe", #"{"tcpSocket":{"port":1},"successThreshold":3}"#, nil),
        ("lifecycle", #"{"preStop":{}}"#, "preStop: Required value: must specify a handler type"),
        ("lifecycle", #"{"preStop":{"sleep":{"seconds":5}}}"#, nil),
        (
            "lifecycle", #"{"preStop":{"sleep":{"seconds":31}}}"#,
            "preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"
        ),
        (
            "lifecycle", #"{"postStart":{"exec":{"command":["a"]},"tcpSocket":{"port":1}}}"#,
            "postStart.tcpSocket: Forbidden: may not specify more than 1 handler type"
        ),
    ]

    @Test("a probe or hook is taken, or refused with Kubernetes' words", arguments: cases)
    func rules(_ field: String, _ value: String, _ error: String?) throws {
        var container: JSON = ["name": "c", "image": "i"]
        container[field] = try json(value)
        let pod: JSON = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"], "spec": ["containers": [container]],
        ]
        #expect(try errors(of: pod) == (error.map { ["spec.containers[0].\(field).\($0)"] } ?? []))
    }
}
