import PintleObjects
import Testing

@testable import PintleNode

@Suite("What is shown of a container's log")
struct LogLineTests {
    private func shown(_ text: String, _ filter: LogFilter = LogFilter(), pieces: Int = .max) -> String {
        var filter = filter
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count {
            let end = at + min(pieces, bytes.count - at)
            out += Array(bytes[at..<end]).withUnsafeBytes { filter.take($0) }
            at = end
        }
        return String(decoding: out, as: UTF8.self)
    }

    private let three = """
        2026-11-21T08:00:00.000000001Z stdout F hello world
        2026-11-21T08:00:01.500000000Z stderr P a part,
        2026-11-21T08:00:02.000000000Z stderr F and its end

        """

    @Test("a full line is shown with its end, a part without", arguments: [1, 2, 7, 53, 1000])
    func renders(_ pieces: Int) {
        #expect(shown(three, pieces: pieces) == "hello world\na part,and its end\n")
    }

    @Test("a time stands before each line, not before its further parts")
    func timestamps() {
        #expect(
            shown(three, LogFilter(timestamps: true))
                == "2026-11-21T08:00:00.000000001Z hello world\n2026-11-21T08:00:01.500000000Z a part,and its end\n")
    }

    @Test("only entries at or after a time are shown, in whatever zone and precision they were written")
    func since() {
        let time = Timestamp(rfc3339: "2026-11-21T08:00:01.5Z").map { LogTime(nanoseconds: $0.nanoseconds) }
        #expect(shown(three, LogFilter(since: time)) == "a part,and its end\n")
        let others = "2026-11-21T10:00:01.4+02:00 stdout F before\n2026-11-21T10:00:01.5+02:00 stdout F after\n"
        #expect(shown(others, LogFilter(since: time)) == "after\n")
    }

    @Test("a byte limit cuts within a line", arguments: [1, 13, 1000])
    func limit(_ pieces: Int) {
        #expect(shown(three, LogFilter(limitBytes: 14), pieces: pieces) == "hello world\na ")
    }

    @Test(
        "what is no entry of a log is left out",
        arguments: [
            "", "hello", "2026 stdout F x", "2026-11-21T08:00:00Z stdout", "2026-11-21T08:00:00Z stdout F",
            "2026-11-21T08:00:00Z stdout X text", "                        ", "2026-11-21T08:00:00Z  F text",
        ])
    func refuses(_ text: String) {
        #expect(shown(text + "\n") == "")
    }

    @Test("an empty line is a line, and further tags are passed over")
    func empty() {
        #expect(shown("2026-11-21T08:00:00Z stdout F \n2026-11-21T08:00:00Z stdout F:x text\n") == "\ntext\n")
    }
}
