import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("The security context of a container")
struct ContainerSecurityTests {
    private static func make(
        _ own: JSON, pod shared: JSON = [:], user: Int64? = nil, name: String = ""
    ) throws(PodFault) -> RuntimeSecurityContext {
        var image = RuntimeImage()
        image.hasUid = user != nil
        image.uid = user ?? 0
        image.username = name
        let pod: JSON = [
            "metadata": ["name": "p", "namespace": "n", "uid": "u"], "spec": ["securityContext": shared],
        ]
        return try ContainerSecurity(
            pod: pod, container: ["name": "c", "securityContext": own], seccompDirectory: "/data/seccomp"
        ).make(image, users: nil)
    }

    @Test("the container's words come before the pod's")
    func merge() throws {
        let made = try Self.make(
            ["runAsUser": 5], pod: ["runAsUser": 1, "runAsGroup": 2, "supplementalGroups": [3], "fsGroup": 4])
        #expect(made.runAsUser == 5)
        #expect(made.runAsGroup == 2)
        #expect(made.supplementalGroups == [3, 4])
        #expect(made.groupsPolicy == .merge)
        #expect(try Self.make([:], pod: ["supplementalGroupsPolicy": "Strict"]).groupsPolicy == .strict)
    }

    @Test("runAsNonRoot says why it refuses, as kubelet does")
    func nonRoot() throws {
        func message(_ own: JSON, _ user: Int64?, _ name: String) -> String? {
            do throws(PodFault) { _ = try Self.make(own, user: user, name: name) } catch { return error.message }
            return nil
        }
        let place = "(pod: \"p_n(u)\", container: c)"
        #expect(
            message(["runAsNonRoot": true, "runAsUser": 0], nil, "")
                == "container's runAsUser breaks non-root policy \(place)")
        #expect(
            message(["runAsNonRoot": true], 0, "")
                == "container has runAsNonRoot and image will run as root \(place)")
        #expect(
            message(["runAsNonRoot": true], nil, "bob")
                == "container has runAsNonRoot and image has non-numeric user (bob), cannot verify user is non-root \(place)"
        )
        #expect(message(["runAsNonRoot": true], 7, "") == nil)
        #expect(message(["runAsNonRoot": true, "runAsUser": 7], nil, "bob") == nil)
    }

    @Test("a local seccomp profile lies in the node's directory for them", arguments: ["../x", "/x", "a/../../x", ""])
    func seccomp(_ name: String) throws {
        let made = try Self.make(["seccompProfile": ["type": "Localhost", "localhostProfile": "a/b.json"]])
        #expect(made.seccomp?.localhostRef == "/data/seccomp/a/b.json")
        #expect(throws: PodFault.self) {
            try Self.make(["seccompProfile": ["type": "Localhost", "localhostProfile": .string(name)]])
        }
    }
}
