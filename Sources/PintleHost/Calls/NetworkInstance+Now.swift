internal import CPintleABI
package import PintleInterfaces

extension NetworkInstance {
    /// ``NetworkInstance/version(timeout:)`` on this thread with a deadline, as a driver thread calls an operation:
    /// `Benchmarks/driver-calls` measures it.
    ///
    /// - Parameter deadline: Nanoseconds of CLOCK_MONOTONIC; 0 for none.
    /// - Returns: What the driver speaks.
    /// - Throws: ``DriverError``.
    package func versionNow(deadline: UInt64) throws(DriverError) -> NetworkVersion {
        try instance.valueNow(
            Operation("network", 5, "version", .nothing, .changes, quick: false), request: ABINothing(),
            deadline: deadline
        ) { (instance, call, request, sink: UnsafePointer<NetworkVersion.Sink>) in
            instance.table(as: pintle_network.self).pointee.version?(instance.handle, call, request, sink)
        }
    }
}
