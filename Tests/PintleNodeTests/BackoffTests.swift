import Testing

@testable import PintleNode

@Suite("Back-off")
struct BackoffTests {
    @Test("the first restart is at once, the following ones wait 10 s, 20 s, up to 300 s")
    func doubles() {
        var backoff = Backoff()
        var now = 1000.0
        #expect(backoff.remaining(since: now, now: now) == nil)
        for expected in [10.0, 20, 40, 80, 160, 300, 300] {
            backoff.next(at: now)
            #expect(backoff.remaining(since: now, now: now) == expected)
            #expect(backoff.remaining(since: now, now: now + expected) == nil)
            now += expected
        }
    }

    @Test("ten quiet minutes forget everything")
    func forgets() {
        var backoff = Backoff(after: 5, at: 0)
        #expect(backoff.remaining(since: 0, now: 1) == 159)
        #expect(backoff.remaining(since: 601, now: 601) == nil)
        backoff.next(at: 601)
        #expect(backoff.delay == 10)
    }
}
