import Glibc
import PintleInterfaces
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("What belongs to the process")
    struct Process {
        @Test(
            "a driver that changes the process is found out by looking before and after its call",
            arguments: [
                ("leaks_descriptor", "descriptor "), ("changes_directory", "working directory"),
                ("changes_umask", "Umask"),
                ("changes_signal_mask", "SigBlk"), ("changes_signal_handler", "SigIgn"),
                ("changes_environment", "environment"),
                ("leaves_child", "children"),
            ])
        func found(_ name: String, _ expected: String) throws {
            let network = try DriverUnderTest(name).network()
            // Threads of Swift's pool have all signals blocked.
            var (signal, mask) = (sigset_t(), sigset_t())
            sigemptyset(&signal)
            sigaddset(&signal, SIGUSR1)
            pthread_sigmask(SIG_UNBLOCK, &signal, &mask)
            defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
            let before = try ProcessState.now()
            defer { restore(before) }
            try network.detachNow(detachRequest(), deadline: 0)
            let changes = try before.changes(to: .now())
            #expect(changes.count == 1 && changes.first?.hasPrefix(expected) == true, "\(changes)")
        }

        @Test("calls, deadlines and write-offs of the host itself change nothing of the process")
        func host() async throws {
            let driver = try DriverUnderTest("waits_for_cancellation")
            let network = try driver.network()
            _ = try await failure { try await network.attach(attachRequest(), timeout: .milliseconds(10)) }
            let before = try ProcessState.now()
            for _ in 0..<10 {
                _ = try await failure { try await network.attach(attachRequest(), timeout: .milliseconds(10)) }
                _ = try await network.status()
            }
            let after = try ProcessState.now()
            #expect(before.changes(to: after).filter { !$0.hasPrefix("Sig") } == [])
        }

        private func restore(_ state: ProcessState) {
            if let path = state.facts["working directory"] { chdir(path) }
            umask(mode_t(state.facts["Umask"]?.trimmed ?? "", radix: 8) ?? 0o022)
            signal(SIGUSR2, SIG_DFL)
            unsetenv("PINTLE_TEST_DRIVER")
            if state.facts["children"]?.isEmpty ?? true {
                for child in (try? ProcessState.now().facts["children"]?.split(separator: " ")) ?? [] {
                    waitpid(pid_t(child) ?? 0, nil, 0)
                }
            }
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " || $0 == "\t" }) }
}
