import PintleHost
import PintleNodePolicy
import PintleObjects
import Testing

extension HostSuite {
    @Suite("Keys of the node's policy in the configuration file")
    struct NodePolicyTests {
        @Test("the names are those of KubeletConfiguration")
        func reads() throws {
            let policy = try Self.read(
                """
                  systemReserved: {cpu: 500m, memory: 1Gi}
                  evictionHard: {memory.available: 200Mi, nodefs.available: 5%, pid.available: 0%}
                  evictionSoft: {memory.available: 300Mi}
                  evictionSoftGracePeriod: {memory.available: 1m30s}
                  evictionMinimumReclaim: {memory.available: 50Mi}
                  staticPodPath: /etc/pintle/manifests
                  serializeImagePulls: true
                  imageMaximumGCAge: 168h
                  shutdownGracePeriod: 30s
                  shutdownGracePeriodCriticalPods: 10s
                """)
            #expect(policy.systemReserved == ["cpu": Quantity(milli: 500), "memory": Quantity(1 << 30)])
            #expect(
                policy.evictionHard == [
                    EvictionThreshold(
                        .memoryAvailable, .absolute(200 << 20), minimumReclaim: .absolute(50 << 20)),
                    EvictionThreshold(.nodefsAvailable, .share(0.05)),
                ])
            #expect(policy.evictionSoft.map(\.gracePeriod) == [90])
            #expect(policy.staticPodPath == "/etc/pintle/manifests")
            #expect(policy.images.maxParallelPulls == 1)
            #expect(policy.images.maximumGCAge == 604_800)
            #expect(policy.shutdown.map(\.gracePeriod) == [20, 10])
        }

        @Test(
            "what is wrong is named with its line",
            arguments: [
                ("evictionHard: {memory: 1Gi}", "4: node.evictionHard.memory: unknown signal"),
                (
                    "evictionHard: {memory.available: 101%}",
                    "4: node.evictionHard.memory.available: expected a percentage"
                ),
                (
                    "evictionSoft: {memory.available: 1Gi}",
                    "4: node.evictionSoft.memory.available: expected a grace period"
                ),
                ("systemReserved: {gpu: 1}", "4: node.systemReserved.gpu: unknown resource"),
                ("systemReserved: {cpu: -1}", "4: node.systemReserved.cpu: expected a quantity"),
                ("staticPodPath: manifests", "4: node.staticPodPath: expected an absolute path"),
                ("imageGCLowThresholdPercent: 90", "4: node.imageGCLowThresholdPercent: expected less"),
                ("syncFrequency: soon", "4: node.syncFrequency: expected a duration"),
                ("shutdownGracePeriodCriticalPods: 5s", "4: node.shutdownGracePeriodCriticalPods: expected at most"),
                ("imagePullCredentialsVerificationPolicy: Sometimes", "expected one of NeverVerify,"),
            ])
        func refuses(_ line: String, _ part: String) {
            let error = #expect(throws: ConfigurationError.self) { try Self.read("  \(line)\n") }
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        }

        static func read(_ lines: String) throws -> NodePolicy {
            let text = "apiVersion: pintle.dev/v1alpha1\nkind: Configuration\nnode:\n"
            return try ConfigurationFile(text + lines + "\n", path: "c").configuration.node.policy
        }
    }
}
