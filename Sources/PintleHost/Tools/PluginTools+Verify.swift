internal import CPintleABI
internal import Glibc
public import PintleInterfaces
public import PintleObjects

extension PluginTools {
    /// What a throw-away process found out about a driver.
    public struct Verification: Sendable {
        /// The child's report; an empty object when it died before that.
        public let report: JSON
        /// Why the driver would be refused; empty when it would not.
        public let problems: [String]
        /// Whether it would be loaded.
        public var isGood: Bool { problems.isEmpty }
    }

    /// Loads a driver in a process of its own, so that the first look at a file is never in this address space.
    ///
    /// - Parameters:
    ///   - path: The manifest or the library.
    ///   - executable: A program that calls ``verifyChild(_:output:)`` when it is run as
    ///     `EXECUTABLE plugin verify-child PATH`.
    ///   - limit: How long the child may take.
    /// - Returns: What the child found, and why the driver would be refused.
    /// - Throws: ``DriverError`` with code `unavailable` when there is no such program.
    public static func verify(
        _ path: String, executable: String, limit: Duration = .seconds(20)
    ) throws(DriverError) -> Verification {
        let child = try ThrowAwayProcess(executable, ["plugin", "verify-child", path], driver: path)
        let (output, end) = child.finish(within: limit)
        let report = (try? JSON(parsing: output)) ?? .object(JSONObject())
        var problems = report["problems"].array?.compactMap(\.string) ?? []
        switch end {
        case .exited(0):
            if output.isEmpty {
                problems.append("it ended the process that loaded it: the process ended before it had an answer")
            }
        case .exited(let code):
            if problems.isEmpty { problems.append("the process that loaded it ended with status \(code)") }
        case .signalled(let signal):
            problems.append(
                "it crashed the process that loaded it: \(ThrowAwayProcess.name(ofSignal: signal)), while \(stage(output))"
            )
        case .late:
            problems.append("it did not finish loading within \(limit): the process was killed while \(stage(output))")
        }
        return Verification(report: report, problems: problems)
    }

    /// The child's half of ``verify(_:executable:limit:)``: loads the driver in this process and prints what it found
    /// as JSON.
    ///
    /// Nothing that the driver prints gets in between: standard output is standard error meanwhile.
    ///
    /// - Parameters:
    ///   - path: The manifest or the library.
    ///   - output: Where the report goes; closed afterwards unless it is standard output.
    /// - Returns: The process's exit status: 0 when the driver would be loaded, else 1.
    public static func verifyChild(_ path: String, output: Int32 = 1) -> Int32 {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Whatever happens to the parent, the child does not outlive a minute.
        alarm(60)
        let report = fcntl(output, F_DUPFD_CLOEXEC, 3)
        dup2(2, 1)
        var (json, problems) = (JSON.object(JSONObject()), [String]())
        do {
            let place = try PluginPlace(path)
            json = place.manifest.json
            let (details, found) = examine(place)
            for (key, value) in details { json[key] = value }
            problems = found
            if problems.isEmpty {
                let plugin = try LoadedPlugin(manifest: place.manifest, folder: place.folder)
                json["descriptor"] = descriptor(plugin)
                problems = entryProblems(plugin)
            }
        } catch {
            // Before its manifest is read, a driver is named by its path.
            problems.append(error.driver.hasPrefix("/") ? "\(error.driver): \(error.message)" : error.message)
        }
        json["problems"] = .array(problems.map { .string($0) })
        var bytes = json.serialized()
        bytes.append(UInt8(ascii: "\n"))
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(report, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            written += count
        }
        close(report)
        return problems.isEmpty ? 0 : 1
    }

    private static func stage(_ output: [UInt8]) -> String { output.isEmpty ? "loading" : "ending" }

    private static func descriptor(_ plugin: LoadedPlugin) -> JSON {
        let interfaces = plugin.offers.map { offer -> JSON in
            ["id": .string(offer.id), "operations": .array(offer.operations.map { .string($0) })]
        }
        return [
            "abi_minor": .integer(Int64(plugin.minor)), "size": .integer(Int64(plugin.descriptor.size)),
            "interfaces": .array(interfaces),
        ]
    }

    /// The entry function only answers: it says the same every time.
    private static func entryProblems(_ plugin: LoadedPlugin) -> [String] {
        var range = pintle_range()
        range.size = UInt32(MemoryLayout<pintle_range>.size)
        range.max_minor = LoadedPlugin.supported.upperBound
        var refusal = pintle_refusal()
        refusal.size = UInt32(MemoryLayout<pintle_refusal>.size)
        let answers = Set((0..<100).map { _ in plugin.entry(&range, &refusal) })
        return answers.count == 1 ? [] : ["the entry function answered \(answers.count) different descriptors (PD-2)"]
    }
}
