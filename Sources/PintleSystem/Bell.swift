internal import CPintleSystem
import Glibc

/// What one thread rings and another waits for.
package final class Bell: Sendable {
    private let descriptor: Int32

    /// Makes a silent bell.
    package init() throws(SystemError) {
        descriptor = pintle_bell_open()
        guard descriptor >= 0 else { throw SystemError("eventfd") }
    }

    deinit { close(descriptor) }

    /// Ends the wait that is going on, or the next one.
    ///
    /// Never blocks.
    package func ring() { pintle_bell_ring(descriptor) }

    /// Waits for a ring and silences the bell.
    package func wait(_ patience: Patience) -> Outcome {
        while true {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            if let cancel = patience.cancelDescriptor {
                descriptors.append(pollfd(fd: cancel, events: Int16(POLLIN), revents: 0))
            }
            let count = poll(&descriptors, nfds_t(descriptors.count), patience.milliseconds)
            if descriptors[0].revents != 0 {
                pintle_bell_silence(descriptor)
                return .rung
            }
            if count > 0 { return .cancelled }
            if patience.isOver { return .late }
        }
    }

    /// How a wait ended.
    package enum Outcome: Sendable {
        case rung
        /// The caller wants no more.
        case cancelled
        /// The deadline has passed.
        case late
    }
}

/// How long a caller waits, and what makes it stop.
package struct Patience: Sendable {
    /// Nanoseconds of `CLOCK_MONOTONIC`; nil means for ever.
    package var deadline: UInt64?
    /// Readable when the caller wants no more; borrowed.
    package var cancelDescriptor: Int32?

    /// Waits until a moment or a cancellation.
    package init(deadline: UInt64? = nil, cancelDescriptor: Int32? = nil) {
        self.deadline = deadline
        self.cancelDescriptor = cancelDescriptor
    }

    /// Waits for this long from now.
    package static func nanoseconds(_ duration: UInt64) -> Patience {
        Patience().atMost(nanoseconds: duration)
    }

    /// The same, but no longer than this from now.
    package func atMost(nanoseconds: UInt64) -> Patience {
        let (limit, overflow) = Moment.monotonic.addingReportingOverflow(nanoseconds)
        let bounded = overflow ? UInt64.max : limit
        return Patience(deadline: min(bounded, deadline ?? bounded), cancelDescriptor: cancelDescriptor)
    }

    /// Whether the deadline has passed.
    package var isOver: Bool { deadline.map { $0 <= Moment.monotonic } ?? false }

    /// What is left for `poll`: -1 means for ever.
    package var milliseconds: Int32 {
        guard let deadline else { return -1 }
        let now = Moment.monotonic
        guard deadline > now else { return 0 }
        return Int32(min((deadline - now) / 1_000_000 + 1, 3_600_000))
    }
}
