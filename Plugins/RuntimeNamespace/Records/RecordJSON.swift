import PintleInterfaces
import PintleObjects

/// How parts of requests are kept in records.
extension JSON {
    init(_ map: [String: String]) {
        self = .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }

    init(texts: [String]) { self = .array(texts.map { .string($0) }) }

    init(numbers: [UInt32]) { self = .array(numbers.map { .integer(Int64($0)) }) }

    var map: [String: String] {
        var map: [String: String] = [:]
        for (key, value) in object?.members ?? [] { map[key] = value.string }
        return map
    }

    var numbers: [UInt32] { (array ?? []).compactMap { $0.int.flatMap { UInt32(exactly: $0) } } }

    var int32: Int32 { Int32(clamping: int ?? 0) }

    init(_ resources: RuntimeResources) {
        self = .object(JSONObject())
        self["cpuPeriod"] = .integer(resources.cpuPeriodUs)
        self["cpuQuota"] = .integer(resources.cpuQuotaUs)
        self["cpuShares"] = .integer(resources.cpuShares)
        self["memory"] = .integer(resources.memoryLimitBytes)
        self["memorySwap"] = .integer(resources.memorySwapLimitBytes)
        self["pids"] = .integer(resources.pidsLimit)
        self["oomScoreAdj"] = .integer(resources.oomScoreAdj)
        self["cpus"] = .string(resources.cpusetCpus)
        self["mems"] = .string(resources.cpusetMems)
        self["hugepages"] = .array(
            resources.hugepageLimits.map { limit in
                .array([.string(limit.pageSize), .integer(Int64(clamping: limit.limitBytes))])
            })
        self["unified"] = JSON(resources.unified)
    }

    var resources: RuntimeResources? {
        guard object != nil else { return nil }
        var resources = RuntimeResources()
        resources.cpuPeriodUs = self["cpuPeriod"].int ?? 0
        resources.cpuQuotaUs = self["cpuQuota"].int ?? 0
        resources.cpuShares = self["cpuShares"].int ?? 0
        resources.memoryLimitBytes = self["memory"].int ?? 0
        resources.memorySwapLimitBytes = self["memorySwap"].int ?? 0
        resources.pidsLimit = self["pids"].int ?? 0
        resources.oomScoreAdj = self["oomScoreAdj"].int ?? 0
        resources.cpusetCpus = self["cpus"].string ?? ""
        resources.cpusetMems = self["mems"].string ?? ""
        resources.hugepageLimits = (self["hugepages"].array ?? []).map { entry in
            var limit = RuntimeHugepageLimit()
            limit.pageSize = entry[0].string ?? ""
            limit.limitBytes = UInt64(clamping: entry[1].int ?? 0)
            return limit
        }
        resources.unified = self["unified"].map
        return resources
    }

    init(_ mount: RuntimeMount) {
        self = .object(JSONObject())
        self["path"] = .string(mount.containerPath)
        self["host"] = .string(mount.hostPath)
        self["readonly"] = .bool(mount.readonly)
        self["recursiveReadonly"] = .bool(mount.recursiveReadonly)
        self["propagation"] = .integer(Int64(mount.propagation.rawValue))
        self["image"] = .string(mount.image)
        self["imageSubPath"] = .string(mount.imageSubPath)
    }

    var mount: RuntimeMount {
        var mount = RuntimeMount()
        mount.containerPath = self["path"].string ?? ""
        mount.hostPath = self["host"].string ?? ""
        mount.readonly = self["readonly"].bool ?? false
        mount.recursiveReadonly = self["recursiveReadonly"].bool ?? false
        mount.propagation = RuntimeMountPropagation(rawValue: self["propagation"].int32)
        mount.image = self["image"].string ?? ""
        mount.imageSubPath = self["imageSubPath"].string ?? ""
        return mount
    }
}
