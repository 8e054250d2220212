internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces

/// An interface of a loaded driver, its table checked.
struct InterfaceOffer: @unchecked Sendable {
    // The table is constant data of a library that is never unmapped.
    let id: String
    private let driverTable: UnsafeRawPointer
    private let size: Int
    private let ourSize: Int

    init(id: String, table: UnsafeRawPointer?, driver: Manifest) throws(DriverError) {
        func refuse(_ message: String) -> DriverError { DriverError(.refused, driver: driver.id, "\(id): \(message)") }
        guard let info = FieldTable.interface(id) else {
            throw refuse("this host does not know the interface")
        }
        guard let table else { throw refuse("table: expected a pointer, found null") }
        self.id = id
        driverTable = table
        size = Int(table.load(as: UInt32.self))
        ourSize = Int(info.table_size)
        guard size >= 16, size <= 1 << 16 else {
            throw refuse("table size: expected 16 to 65536, found \(size) (PD-4)")
        }
        for operation in FieldTable.operations(of: info) {
            let name = operation.name.map { String(cString: $0) } ?? ""
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
        return driverTable.load(fromByteOffset: offset, as: UnsafeRawPointer?.self)
    }

    /// The table in memory of our own, as long as ours: what lies past the driver's end is null. The caller owns it.
    func copyTable() -> UnsafeMutableRawPointer {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: ourSize, alignment: 8)
        copy.initializeMemory(as: UInt8.self, repeating: 0, count: ourSize)
        copy.copyMemory(from: driverTable, byteCount: min(size, ourSize))
        copy.storeBytes(of: UInt32(ourSize), as: UInt32.self)
        return copy
    }
}
