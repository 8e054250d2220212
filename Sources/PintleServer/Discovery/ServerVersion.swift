import PintleObjects

/// Which Kubernetes this server is like.
enum ServerVersion {
    static let gitVersion = "v1.36.2+pintle"

    /// `/version`.
    static let document: JSON = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": .string(gitVersion), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none (Swift 6.3)", "compiler": "swiftc",
        "platform": "linux/amd64",
    ]
}
