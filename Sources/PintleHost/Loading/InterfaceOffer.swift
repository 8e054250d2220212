internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces

/// An interface of a loaded driver, its table checked.
struct InterfaceOffer: @unchecked Sendable {
    // The table is constant data of a library that is never unmapped.
    let id: String
    private let driverTable: UnsafeRawPointer
    private let size: Int
    private let info: pintle_interface_info

    /// - Throws: ``DriverError`` with code `refused` that names the interface and the operation.
    init(_ info: pintle_interface_info, table: UnsafeRawPointer?, driver: Manifest) throws(DriverError) {
        let id = FieldTable.name(info.id)
        func refuse(_ message: String) -> DriverError { DriverError(.refused, driver: driver.id, "\(id): \(message)") }
        guard let table else { throw refuse("table: expected a pointer, found null") }
        self.id = id
        self.info = info
        driverTable = table
        size = Int(table.loadUnaligned(as: UInt32.self))
        guard size >= 16, size <= 1 << 16 else {
            throw refuse("table size: expected 16 to 65536, found \(size) (PD-4)")
        }
        for operation in FieldTable.operations(of: info) {
            let name = FieldTable.name(operation.name)
            let offered = function(operation.number) != nil
            if let capability = operation.capability.map({ String(cString: $0) }) {
                if driver.capabilities.contains(capability), !offered {
                    throw refuse("\(name): the manifest declares \(capability), the table has no function (PD-5)")
                }
            } else if !offered {
                throw refuse("\(name): expected a function, found null (PD-4)")
            }
        }
    }

    /// The function of an operation, or nil when the driver does not offer it.
    func function(_ number: UInt32) -> UnsafeRawPointer? {
        let offset = 8 + 8 * Int(number)
        guard offset + 8 <= size else { return nil }
        return driverTable.loadUnaligned(fromByteOffset: offset, as: UnsafeRawPointer?.self)
    }

    /// Names of the operations that the driver offers.
    var operations: [String] {
        FieldTable.operations(of: info).filter { function($0.number) != nil }.map { FieldTable.name($0.name) }
    }

    /// The table in memory of our own, as long as ours: what lies past the driver's end is null.
    ///
    /// The caller owns it.
    func copyTable() -> UnsafeMutableRawPointer {
        let ours = Int(info.table_size)
        let copy = UnsafeMutableRawPointer.allocate(byteCount: ours, alignment: 8)
        copy.initializeMemory(as: UInt8.self, repeating: 0, count: ours)
        copy.copyMemory(from: driverTable, byteCount: min(size, ours))
        copy.storeBytes(of: UInt32(ours), as: UInt32.self)
        return copy
    }
}
