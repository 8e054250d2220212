internal import CPintleABI
internal import PintleInterfaces
internal import Synchronization

/// Open instances by their handles, and what every trampoline of the generated tables does.
enum Dispatch {
    private struct Instances {
        var next: UInt64 = UInt64(UInt32.random(in: 1...UInt32.max)) << 32
        var open: [UInt64: any Driver] = [:]
    }

    private static let instances = Mutex(Instances())

    static func register(_ driver: any Driver) -> UInt64 {
        instances.withLock { state in
            state.next += 1
            state.open[state.next] = driver
            return state.next
        }
    }

    static func remove(_ handle: UInt64) -> (any Driver)? {
        instances.withLock { $0.open.removeValue(forKey: handle) }
    }

    /// Runs `body` with the instance of `handle` and turns what it throws into a status.
    static func run<D>(
        _ handle: UInt64, _ raw: UnsafeMutablePointer<pintle_call>?, as type: D.Type, _ body: (D, Call) throws -> Void
    ) -> Int32 {
        let call = Call(raw)
        guard let found = instances.withLock({ $0.open[handle] }) else {
            return call.fail(
                DriverFailure(.notFound, reason: "NoSuchInstance", "no open instance has the handle \(handle)"))
        }
        guard let driver = found as? D else {
            return call.fail(
                DriverFailure(.unsupported, reason: "WrongInterface", "instance \(handle) is not a \(type)"))
        }
        return status(call) { try body(driver, call) }
    }

    static func status(_ call: Call, _ body: () throws -> Void) -> Int32 {
        do {
            try body()
            return PINTLE_OK
        } catch let failure as DriverFailure {
            return call.fail(failure)
        } catch let error as ABIError {
            let code: DriverFailure.Code = error.kind == .unknownField ? .unsupported : .invalid
            return call.fail(DriverFailure(code, reason: "BadRequest", error.description))
        } catch is SinkStopped {
            return call.fail(DriverFailure(.cancelled, reason: "SinkStopped", "the host wants no more items"))
        } catch {
            return call.fail(DriverFailure(.internal, reason: "UncaughtError", "\(error)"))
        }
    }

    static func request<R: ABIStruct>(_ pointer: UnsafePointer<R.C>?, as type: R.Type) throws -> R {
        try R.read(pointer, strict: true)
    }

    static func put<R: ABIResult>(_ item: R, into sink: UnsafePointer<R.Sink>?) throws {
        guard let sink else { throw DriverFailure(.invalid, reason: "NoSink", "the host gave no sink for the result") }
        let arena = ABIArena()
        guard R.put(arena.place(item), into: sink) == 0 else { throw SinkStopped() }
    }
}

/// The host's sink said stop.
struct SinkStopped: Error {}
