internal import Glibc

/// The value of the `date` field, made once a second.
struct HTTPDate {
    private var second: time_t = 0
    private var text = ""

    /// Now, for example `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func now() -> String {
        var clock = timespec()
        // The coarse clock costs no system call and is a few milliseconds behind at most.
        clock_gettime(CLOCK_REALTIME_COARSE, &clock)
        if clock.tv_sec != self.second {
            self.second = clock.tv_sec
            self.text = Self.format(clock.tv_sec)
        }
        return self.text
    }

    static func format(_ second: time_t) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return """
            \(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year) \
            \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT
            """
    }
}
