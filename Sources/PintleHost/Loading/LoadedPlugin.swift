internal import CPintleABI
internal import CPintleFields
internal import Glibc
internal import PintleInterfaces

/// A driver's library in this process, negotiated and checked.
///
/// It is never unloaded (`specs/abi/README.md`, "Loading").
public final class LoadedPlugin: @unchecked Sendable {
    // Everything is constant after init; the descriptor points into the library, which stays mapped.

    /// What its manifest says.
    public let manifest: Manifest
    /// SHA-256 of the library that was loaded.
    public let sha256: String
    /// The minor version that the driver picked.
    public let minor: UInt32
    let descriptor: pintle_plugin
    let offers: [InterfaceOffer]
    /// The entry function, which may be called at any time from any thread.
    let entry:
        @convention(c) (UnsafePointer<pintle_range>?, UnsafeMutablePointer<pintle_refusal>?) -> UnsafePointer<
            pintle_plugin
        >?

    /// The ABI versions of major 1 that this host speaks.
    public static let supported: ClosedRange<UInt32> = 0...UInt32(PINTLE_ABI_MINOR)

    /// Loads the library of a manifest.
    ///
    /// - Parameters:
    ///   - manifest: What the driver says of itself.
    ///   - folder: Where manifest and library lie; borrowed.
    ///   - range: The versions to offer; tests offer less than ``supported``.
    ///   - requireDigest: Whether a manifest without digest is refused.
    /// - Throws: ``DriverError`` with code `refused` that names the field, what was expected and what was found.
    init(
        manifest: Manifest, folder: borrowing DriverFolder, range: ClosedRange<UInt32> = LoadedPlugin.supported,
        requireDigest: Bool = true
    ) throws(DriverError) {
        let refuse = Refusal(manifest.id)
        try Self.check(manifest, range)
        let file = try DriverFile(adopting: folder.open(manifest.library), name: "\(folder.path)/\(manifest.library)")
        if let expected = manifest.sha256 {
            guard expected == file.sha256 else {
                throw refuse(
                    "manifest sha256: expected \(expected), the library has \(file.sha256); stamp it again if you built it"
                )
            }
        } else if requireDigest {
            throw refuse(
                "manifest sha256: missing, and `isolation: in_process` needs it; run `pintle plugin stamp \(folder.path)/\(manifest.library)`"
            )
        }
        try SwiftRuntime.check(file, manifest)
        dlerror()
        guard let library = dlopen(file.keepOpen(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw refuse("dlopen: \(dlerror().map { String(cString: $0) } ?? "no reason given")")
        }
        guard let symbol = dlsym(library, "pintle_plugin_entry_1") else {
            throw refuse("the library exports no pintle_plugin_entry_1 (PD-1)")
        }
        entry = unsafeBitCast(symbol, to: type(of: entry))
        descriptor = try Self.negotiate(entry, range, manifest)
        minor = descriptor.abi_minor
        sha256 = file.sha256
        self.manifest = manifest
        offers = try Self.checkOffers(descriptor, manifest)
    }

    /// The machine that this host was built for.
    public static var arch: String {
        #if arch(x86_64)
            "x86_64"
        #else
            "aarch64"
        #endif
    }

    private static func check(_ manifest: Manifest, _ range: ClosedRange<UInt32>) throws(DriverError) {
        let refuse = Refusal(manifest.id)
        guard manifest.abi.major == 1 else {
            throw refuse("manifest abi.major: expected 1, found \(manifest.abi.major)")
        }
        let least = manifest.minimumHost
        guard least.major == 1, least.minor <= range.upperBound else {
            throw refuse(
                "manifest abi.min_host: the driver needs a host of at least \(least.major).\(least.minor), this one speaks up to 1.\(range.upperBound)"
            )
        }
        if let arch = manifest.arch, arch != Self.arch {
            throw refuse("manifest arch: expected \(Self.arch), found \(arch)")
        }
    }

    private static func negotiate(
        _ entry: pintle_plugin_entry_1_function, _ range: ClosedRange<UInt32>, _ manifest: Manifest
    ) throws(DriverError) -> pintle_plugin {
        let refuse = Refusal(manifest.id)
        var offer = pintle_range(
            size: UInt32(MemoryLayout<pintle_range>.size), min_minor: range.lowerBound, max_minor: range.upperBound,
            reserved0: 0)
        var refusal = pintle_refusal()
        refusal.size = UInt32(MemoryLayout<pintle_refusal>.size)
        guard let answer = entry(&offer, &refusal) else {
            let field = (try? ABIReader.text(refusal.field, "field")) ?? ""
            let expected = (try? ABIReader.text(refusal.expected, "expected")) ?? ""
            let found = (try? ABIReader.text(refusal.found, "found")) ?? ""
            throw refuse(
                field.isEmpty
                    ? "the entry function answered null without a reason (PD-3)"
                    : "the driver refuses this host: \(field): expected \(expected), found \(found)")
        }
        let descriptor = try copy(answer, manifest)
        guard range.contains(descriptor.abi_minor) else {
            throw refuse(
                "descriptor abi_minor: expected \(range.lowerBound) to \(range.upperBound), found \(descriptor.abi_minor) (PD-3)"
            )
        }
        guard descriptor.open != nil, descriptor.close != nil else {
            throw refuse(
                "descriptor \(descriptor.open == nil ? "open" : "close"): expected a function, found null (PD-4)")
        }
        let id = try text(descriptor.id, "id", manifest)
        guard id == manifest.id else {
            throw refuse("descriptor id: the manifest says \(manifest.id), the library \(id)")
        }
        let version = try text(descriptor.version, "version", manifest)
        guard version == manifest.version else {
            throw refuse("descriptor version: the manifest says \(manifest.version), the library \(version)")
        }
        return descriptor
    }

    /// Bytes of `pintle_plugin` in version 1.0.
    private static let leastSize = 80
    /// Bytes of `pintle_interface` in version 1.0.
    private static let leastInterfaceSize = 32

    /// The driver's descriptor as far as this host knows it; what the driver's is too short for is zero.
    private static func copy(_ answer: UnsafePointer<pintle_plugin>, _ manifest: Manifest) throws(DriverError)
        -> pintle_plugin
    {
        let size = Int(answer.pointee.size)
        guard size >= leastSize, size <= 1 << 20 else {
            throw Refusal(manifest.id)("descriptor size: expected \(leastSize) to \(1 << 20), found \(size) (PD-4)")
        }
        var copy = pintle_plugin()
        withUnsafeMutableBytes(of: &copy) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: answer, count: min(size, $0.count)))
        }
        return copy
    }

    private static func text(_ view: pintle_bytes, _ field: String, _ manifest: Manifest) throws(DriverError) -> String
    {
        do { return try ABIReader.text(view, field) } catch {
            throw Refusal(manifest.id)("descriptor \(error.description) (PD-6)")
        }
    }

    private static func checkOffers(_ descriptor: pintle_plugin, _ manifest: Manifest) throws(DriverError)
        -> [InterfaceOffer]
    {
        let refuse = Refusal(manifest.id)
        let array = descriptor.interfaces
        guard let data = array.data, array.count > 0, array.count <= 64, array.stride >= leastInterfaceSize,
            array.stride <= 4096
        else {
            throw refuse(
                "descriptor interfaces: expected 1 to 64 of at least \(leastInterfaceSize) bytes, found \(array.count) of \(array.stride)"
            )
        }
        var found: [String] = []
        var offers: [InterfaceOffer] = []
        for index in 0..<Int(array.count) {
            let offer = (data + index * Int(array.stride)).loadUnaligned(as: pintle_interface.self)
            guard offer.size >= leastInterfaceSize else {
                throw refuse(
                    "descriptor interfaces[\(index)].size: expected at least \(leastInterfaceSize), found \(offer.size) (PD-4)"
                )
            }
            let id = try text(offer.id, "interfaces[\(index)].id", manifest)
            guard !found.contains(id) else { throw refuse("descriptor interfaces: \(id) is offered twice") }
            found.append(id)
            // A newer driver may offer more than this host knows.
            guard let info = FieldTable.interface(id), FieldTable.name(info.id) == id else { continue }
            offers.append(try InterfaceOffer(info, table: offer.table, driver: manifest))
        }
        guard found.sorted() == manifest.interfaces.sorted() else {
            throw refuse("interfaces: the manifest says \(manifest.interfaces.sorted()), the library \(found.sorted())")
        }
        return offers
    }
}

/// Makes the errors that refuse one driver.
struct Refusal {
    let driver: String

    init(_ driver: String) { self.driver = driver }

    func callAsFunction(_ message: String) -> DriverError { DriverError(.refused, driver: driver, message) }
}
