internal import PintleNodePolicy
internal import PintleObjects

/// Reads the keys of `node` that KubeletConfiguration has too.
struct NodePolicyReader {
    static let keys = [
        "systemReserved", "kubeReserved", "evictionHard", "evictionSoft", "evictionSoftGracePeriod",
        "evictionMinimumReclaim", "evictionMaxPodGracePeriod", "evictionPressureTransitionPeriod", "staticPodPath",
        "syncFrequency", "serializeImagePulls", "maxParallelImagePulls", "imagePullCredentialsVerificationPolicy",
        "preloadedImagesVerificationAllowlist", "imageGCHighThresholdPercent", "imageGCLowThresholdPercent",
        "imageMinimumGCAge", "imageMaximumGCAge", "imageCredentialProviderConfigFile",
        "imageCredentialProviderBinDir", "shutdownGracePeriod", "shutdownGracePeriodCriticalPods",
        "shutdownGracePeriodByPodPriority",
    ]

    let fields: ConfigurationReader
    let node: JSON

    func read() throws(ConfigurationError) -> NodePolicy {
        var policy = NodePolicy()
        policy.systemReserved = try quantities("systemReserved")
        policy.kubeReserved = try quantities("kubeReserved")
        if let number = try fields.number(
            node["evictionMaxPodGracePeriod"], "node.evictionMaxPodGracePeriod", 0...86_400)
        {
            policy.evictionMaxPodGracePeriod = number
        }
        policy.evictionPressureTransitionPeriod =
            try seconds("evictionPressureTransitionPeriod") ?? policy.evictionPressureTransitionPeriod
        policy.syncFrequency = try seconds("syncFrequency") ?? policy.syncFrequency
        guard policy.syncFrequency >= 1 else {
            throw fields.wrong("node.syncFrequency", "expected a duration of at least 1s")
        }
        try thresholds(&policy)
        policy.staticPodPath = try path("staticPodPath") ?? ""
        policy.images = try images()
        policy.shutdown = try shutdown()
        return policy
    }

    // MARK: Thresholds

    private func thresholds(_ policy: inout NodePolicy) throws(ConfigurationError) {
        let reclaim = try amounts("evictionMinimumReclaim")
        if let hard = try amounts("evictionHard") {
            policy.evictionHard = hard.map { EvictionThreshold($0.key, $0.value) }
        }
        var graces: [EvictionThreshold.Signal: Double] = [:]
        for (name, value) in try mapping("evictionSoftGracePeriod") {
            graces[try signal(name, "evictionSoftGracePeriod")] = try duration(
                value, "node.evictionSoftGracePeriod.\(name)")
        }
        for (signal, amount) in try amounts("evictionSoft") ?? [:] {
            guard let grace = graces[signal], grace > 0 else {
                throw fields.wrong(
                    "node.evictionSoft.\(signal.rawValue)",
                    "expected a grace period for it in node.evictionSoftGracePeriod")
            }
            policy.evictionSoft.append(EvictionThreshold(signal, amount, gracePeriod: grace))
        }
        for index in policy.evictionHard.indices {
            policy.evictionHard[index].minimumReclaim = reclaim?[policy.evictionHard[index].signal] ?? .absolute(0)
        }
        for index in policy.evictionSoft.indices {
            policy.evictionSoft[index].minimumReclaim = reclaim?[policy.evictionSoft[index].signal] ?? .absolute(0)
        }
        policy.evictionHard.sort { $0.signal.rawValue < $1.signal.rawValue }
        policy.evictionSoft.sort { $0.signal.rawValue < $1.signal.rawValue }
    }

    private func amounts(_ key: String) throws(ConfigurationError) -> [EvictionThreshold.Signal:
        EvictionThreshold.Amount]?
    {
        if node[key].isNull { return nil }
        var amounts: [EvictionThreshold.Signal: EvictionThreshold.Amount] = [:]
        for (name, value) in try mapping(key) {
            let at = "node.\(key).\(name)"
            let text = value.string ?? value.int.map { "\($0)" } ?? ""
            let signal = try signal(name, key)
            if text.hasSuffix("%") {
                guard let percent = Double(text.dropLast()), (0...100).contains(percent) else {
                    throw fields.wrong(at, "expected a percentage from 0% to 100%, found \(fields.show(value))")
                }
                // As in Kubernetes, 0 % and 100 % switch a threshold off.
                if percent > 0, percent < 100 { amounts[signal] = .share(percent / 100) }
            } else {
                guard let amount = Quantity(text)?.value, amount >= 0 else {
                    throw fields.wrong(
                        at, "expected a quantity such as 100Mi or a percentage such as 10%, found \(fields.show(value))"
                    )
                }
                amounts[signal] = .absolute(amount)
            }
        }
        return amounts
    }

    private func signal(_ name: String, _ key: String) throws(ConfigurationError) -> EvictionThreshold.Signal {
        guard let signal = EvictionThreshold.Signal(rawValue: name) else {
            let known = EvictionThreshold.Signal.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.wrong("node.\(key).\(name)", "unknown signal; expected one of \(known)")
        }
        return signal
    }

    // MARK: Images and shutdown

    private func images() throws(ConfigurationError) -> ImagePolicy {
        var images = ImagePolicy()
        if let serial = try flag("serializeImagePulls"), serial { images.maxParallelPulls = 1 }
        if let most = try fields.number(node["maxParallelImagePulls"], "node.maxParallelImagePulls", 1...1000) {
            guard node["serializeImagePulls"].bool != true || most == 1 else {
                throw fields.wrong("node.maxParallelImagePulls", "expected 1 with serializeImagePulls: true")
            }
            images.maxParallelPulls = Int(most)
        }
        if let name = try fields.text(
            node["imagePullCredentialsVerificationPolicy"], "node.imagePullCredentialsVerificationPolicy")
        {
            guard let verification = ImagePolicy.Verification(rawValue: name) else {
                let known = ImagePolicy.Verification.allCases.map(\.rawValue).joined(separator: ", ")
                throw fields.wrong(
                    "node.imagePullCredentialsVerificationPolicy", "expected one of \(known), found \(name)")
            }
            images.verification = verification
        }
        images.allowlist = try texts("preloadedImagesVerificationAllowlist")
        let percent: ClosedRange<Int64> = 0...100
        images.gcHighThresholdPercent =
            try fields.number(node["imageGCHighThresholdPercent"], "node.imageGCHighThresholdPercent", percent)
            ?? images.gcHighThresholdPercent
        images.gcLowThresholdPercent =
            try fields.number(node["imageGCLowThresholdPercent"], "node.imageGCLowThresholdPercent", percent)
            ?? images.gcLowThresholdPercent
        guard images.gcLowThresholdPercent < images.gcHighThresholdPercent else {
            throw fields.wrong(
                "node.imageGCLowThresholdPercent",
                "expected less than imageGCHighThresholdPercent (\(images.gcHighThresholdPercent)), found \(images.gcLowThresholdPercent)"
            )
        }
        images.minimumGCAge = try seconds("imageMinimumGCAge") ?? images.minimumGCAge
        images.maximumGCAge = try seconds("imageMaximumGCAge") ?? images.maximumGCAge
        images.credentialProviderConfig = try path("imageCredentialProviderConfigFile") ?? ""
        images.credentialProviderBinDir = try path("imageCredentialProviderBinDir") ?? ""
        guard images.credentialProviderConfig.isEmpty == images.credentialProviderBinDir.isEmpty else {
            throw fields.wrong(
                "node.imageCredentialProviderConfigFile",
                "expected imageCredentialProviderConfigFile and imageCredentialProviderBinDir together")
        }
        return images
    }

    private func shutdown() throws(ConfigurationError) -> [ShutdownBand] {
        let key = "shutdownGracePeriodByPodPriority"
        if !node[key].isNull {
            guard let list = node[key].array else {
                throw fields.wrong("node.\(key)", "expected a list, found \(fields.show(node[key]))")
            }
            guard node["shutdownGracePeriod"].isNull, node["shutdownGracePeriodCriticalPods"].isNull else {
                throw fields.wrong("node.\(key)", "expected either it or shutdownGracePeriod")
            }
            var bands: [ShutdownBand] = []
            for (index, entry) in list.enumerated() {
                let at = "node.\(key)[\(index)]"
                try fields.known(entry, at, ["priority", "shutdownGracePeriodSeconds"])
                let priority = try fields.number(
                    entry["priority"], "\(at).priority", -2_147_483_648...2_147_483_647)
                let grace = try fields.number(
                    entry["shutdownGracePeriodSeconds"], "\(at).shutdownGracePeriodSeconds", 0...86_400)
                bands.append(ShutdownBand(priority: priority ?? 0, gracePeriod: grace ?? 0))
            }
            return bands.sorted { $0.priority < $1.priority }
        }
        let whole = try seconds("shutdownGracePeriod") ?? 0
        let critical = try seconds("shutdownGracePeriodCriticalPods") ?? 0
        guard critical <= whole else {
            throw fields.wrong(
                "node.shutdownGracePeriodCriticalPods", "expected at most shutdownGracePeriod (\(Int64(whole))s)")
        }
        guard whole > 0 else { return [] }
        return [
            ShutdownBand(priority: 0, gracePeriod: Int64(whole - critical)),
            ShutdownBand(priority: 2_000_000_000, gracePeriod: Int64(critical)),
        ]
    }

    // MARK: Values

    private func quantities(_ key: String) throws(ConfigurationError) -> [String: Quantity] {
        var quantities: [String: Quantity] = [:]
        for (name, value) in try mapping(key) {
            let at = "node.\(key).\(name)"
            guard ["cpu", "memory", "ephemeral-storage", "pid"].contains(name) else {
                throw fields.wrong(at, "unknown resource; expected one of cpu, memory, ephemeral-storage, pid")
            }
            guard let quantity = Quantity(value), quantity >= Quantity(0) else {
                throw fields.wrong(at, "expected a quantity such as 500m or 1Gi, found \(fields.show(value))")
            }
            quantities[name] = quantity
        }
        return quantities
    }

    private func mapping(_ key: String) throws(ConfigurationError) -> [(key: String, value: JSON)] {
        if node[key].isNull { return [] }
        guard let object = node[key].object else {
            throw fields.wrong("node.\(key)", "expected a mapping, found \(fields.show(node[key]))")
        }
        return object.members
    }

    private func texts(_ key: String) throws(ConfigurationError) -> [String] {
        if node[key].isNull { return [] }
        let texts = (node[key].array ?? []).compactMap { $0.string }
        guard let list = node[key].array, list.count == texts.count else {
            throw fields.wrong("node.\(key)", "expected a list of texts, found \(fields.show(node[key]))")
        }
        return texts
    }

    private func flag(_ key: String) throws(ConfigurationError) -> Bool? {
        if node[key].isNull { return nil }
        guard let flag = node[key].bool else {
            throw fields.wrong("node.\(key)", "expected true or false, found \(fields.show(node[key]))")
        }
        return flag
    }

    private func path(_ key: String) throws(ConfigurationError) -> String? {
        guard let path = try fields.text(node[key], "node.\(key)") else { return nil }
        guard path.hasPrefix("/") else {
            throw fields.wrong("node.\(key)", "expected an absolute path, found \(path)")
        }
        return path
    }

    private func seconds(_ key: String) throws(ConfigurationError) -> Double? {
        node[key].isNull ? nil : try duration(node[key], "node.\(key)")
    }

    private func duration(_ value: JSON, _ at: String) throws(ConfigurationError) -> Double {
        if value.int == 0 { return 0 }
        guard let seconds = value.string.flatMap({ GoDuration.seconds($0) }) else {
            throw fields.wrong(at, "expected a duration such as 30s, 2m or 1h30m, found \(fields.show(value))")
        }
        return seconds
    }
}
