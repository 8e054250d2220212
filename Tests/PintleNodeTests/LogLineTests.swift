import Testing

@testable import PintleNode

@Suite("Lines of a container's log")
struct LogLineTests {
    @Test("a full line is shown with its end, a part without")
    func renders() {
        let full = LogLine(Array("2026-11-21T08:00:00.000000001Z stdout F hello world".utf8)[...])
        #expect(full?.rendered(timestamps: false) == Array("hello world\n".utf8))
        #expect(full?.rendered(timestamps: true) == Array("2026-11-21T08:00:00.000000001Z hello world\n".utf8))
        let part = LogLine(Array("2026-11-21T08:00:00Z stderr P part".utf8)[...])
        #expect(part?.rendered(timestamps: false) == Array("part".utf8))
    }

    @Test(
        "what is no line of a log is left out",
        arguments: ["", "hello", "2026 stdout F x", "2026-11-21T08:00:00Z stdout"])
    func refuses(_ text: String) {
        #expect(LogLine(Array(text.utf8)[...]) == nil)
    }
}
