import PintleObjects
import Testing

@testable import PintleNode

@Suite("subPath and subPathExpr")
struct SubPathTests {
    @Test(
        "the part of a volume is the path, with variables where it is an expression",
        arguments: [
            ("subPath", "a/b", "a/b"), ("subPath", "$(POD)", "$(POD)"), ("subPathExpr", "logs/$(POD)", "logs/web"),
            ("subPathExpr", "$$(POD)", "$(POD)"), ("subPathExpr", "$(EMPTY)", nil), ("subPath", "", nil),
            ("subPath", "a..b/...", "a..b/..."),
        ])
    func paths(_ field: String, _ text: String, _ expected: String?) throws {
        #expect(try SubPath.path([field: .string(text)], Self.variables) == expected)
    }

    @Test(
        "what would leave the volume, and what is unknown, is refused in Kubernetes' words",
        arguments: [
            ("subPathExpr", "$(UP)", "unable to provision SubPath `../x`: must not contain '..'"),
            ("subPath", "a/../b", "unable to provision SubPath `a/../b`: must not contain '..'"),
            ("subPathExpr", "$(ROOT)", "error SubPath `/etc` must not be an absolute path"),
            ("subPathExpr", "$(NONE)/$(OTHER)", "missing value for \"NONE\""),
        ])
    func refusals(_ field: String, _ text: String, _ message: String) {
        #expect(throws: PodFault("CreateContainerConfigError", message)) {
            try SubPath.path([field: .string(text)], Self.variables)
        }
    }

    private static let variables: [ContainerEnvironment.Variable] = [
        ("POD", "web"), ("EMPTY", ""), ("UP", "../x"), ("ROOT", "/etc"),
    ]
}
