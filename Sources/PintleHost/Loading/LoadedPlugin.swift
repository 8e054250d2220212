internal import CPintleABI
internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// A driver's library in this process, negotiated and checked. It is never unloaded (`specs/abi/README.md`, "Loading").
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

    /// The ABI versions of major 1 that this host speaks.
    public static let supported: ClosedRange<UInt32> = 0...UInt32(PINTLE_ABI_MINOR)

    /// Loads the library of a manifest.
    ///
    /// - Parameters:
    ///   - range: The versions to offer; tests offer less than ``supported``.
    ///   - requireDigest: Whether a manifest without digest is refused.
    /// - Throws: ``DriverError`` with code `refused` that names the field, what was expected and what was found.
    init(
        manifest: Manifest, folder: borrowing DriverFolder, range: ClosedRange<UInt32> = LoadedPlugin.supported,
        requireDigest: Bool = true
    ) throws(DriverError) {
        func refuse(_ message: String) -> DriverError { DriverError(.refused, driver: manifest.id, message) }
        guard manifest.abi.major == 1 else {
            throw refuse("manifest abi.major: expected 1, found \(manifest.abi.major)")
        }
        guard manifest.minimumHost.major == 1, manifest.minimumHost.minor <= range.upperBound else {
            throw refuse(
                "manifest abi.min_host: the driver needs a host of at least \(manifest.minimumHost.major).\(manifest.minimumHost.minor), this one speaks up to 1.\(range.upperBound)")
        }
        if let arch = manifest.arch, arch != Self.arch { throw refuse("manifest arch: expected \(Self.arch), found \(arch)") }
        let file = try DriverFile(adopting: folder.open(manifest.library), name: manifest.library)
        guard let expected = manifest.sha256 else {
            if requireDigest {
                throw refuse("manifest sha256: missing, and `isolation: in_process` needs it; run `pintle plugin stamp \(folder.path)/\(manifest.library)`")
            }
            throw refuse("manifest sha256: missing")
        }
        guard expected == file.sha256 else {
            throw refuse("manifest sha256: expected \(expected), the library has \(file.sha256); stamp it again if you built it")
        }
        dlerror()
        guard let library = dlopen(file.loadPath, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw refuse("dlopen: \(dlerror().map { String(cString: $0) } ?? "no reason given")")
        }
        guard let symbol = dlsym(library, "pintle_plugin_entry_1") else {
            throw refuse("the library exports no pintle_plugin_entry_1 (PD-1)")
        }
        let entry = unsafeBitCast(symbol, to: pintle_plugin_entry_1_function.self)
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

    private static func negotiate(
        _ entry: pintle_plugin_entry_1_function, _ range: ClosedRange<UInt32>, _ manifest: Manifest
    ) throws(DriverError) -> pintle_plugin {
        func refuse(_ message: String) -> DriverError { DriverError(.refused, driver: manifest.id, message) }
        var offer = pintle_range(
            size: UInt32(MemoryLayout<pintle_range>.size), min_minor: range.lowerBound, max_minor: range.upperBound, reserved0: 0)
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
        let size = Int(answer.pointee.size)
        let ours = MemoryLayout<pintle_plugin>.size
        guard size >= ours, size <= 1 << 20 else {
            throw refuse("descriptor size: expected at least \(ours), found \(size) (PD-4)")
        }
        let descriptor = answer.pointee
        guard range.contains(descriptor.abi_minor) else {
            throw refuse("descriptor abi_minor: expected \(range.lowerBound) to \(range.upperBound), found \(descriptor.abi_minor) (PD-3)")
        }
        guard descriptor.open != nil, descriptor.close != nil else {
            throw refuse("descriptor \(descriptor.open == nil ? "open" : "close"): expected a function, found null (PD-4)")
        }
        do {
            let id = try ABIReader.text(descriptor.id, "id")
            guard id == manifest.id else { throw refuse("descriptor id: the manifest says \(manifest.id), the library \(id)") }
            let version = try ABIReader.text(descriptor.version, "version")
            guard version == manifest.version else {
                throw refuse("descriptor version: the manifest says \(manifest.version), the library \(version)")
            }
        } catch let error as ABIError {
            throw refuse("descriptor \(error.description) (PD-6)")
        } catch let error as DriverError {
            throw error
        } catch {
            throw refuse("\(error)")
        }
        return descriptor
    }

    private static func checkOffers(_ descriptor: pintle_plugin, _ manifest: Manifest) throws(DriverError) -> [InterfaceOffer] {
        func refuse(_ message: String) -> DriverError { DriverError(.refused, driver: manifest.id, message) }
        var offers: [InterfaceOffer] = []
        let array = descriptor.interfaces
        guard let data = array.data, array.count > 0, array.count <= 64, array.stride >= 32 else {
            throw refuse("descriptor interfaces: expected 1 to 64, found \(array.count)")
        }
        for index in 0..<Int(array.count) {
            let offer = (data + index * Int(array.stride)).loadUnaligned(as: pintle_interface.self)
            let id: String
            do { id = try ABIReader.text(offer.id, "interface id") } catch { throw refuse("descriptor \(error.description)") }
            offers.append(try InterfaceOffer(id: id, table: offer.table, driver: manifest))
        }
        let found = offers.map(\.id).sorted()
        guard found == manifest.interfaces.sorted() else {
            throw refuse("interfaces: the manifest says \(manifest.interfaces.sorted()), the library \(found)")
        }
        return offers
    }
}
