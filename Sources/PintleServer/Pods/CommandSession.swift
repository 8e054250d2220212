import NIOCore
package import PintleClient
package import PintleHTTP
import PintleObjects

/// Connects a client to a process in a container: exec and attach.
package struct CommandSession: Sendable {
    let request: HTTPRequest
    let exchange: HTTPExchange
    let streams: any PodStreams
    let target: ContainerTarget

    package init(request: HTTPRequest, exchange: HTTPExchange, streams: any PodStreams, target: ContainerTarget) {
        self.request = request
        self.exchange = exchange
        self.streams = streams
        self.target = target
    }

    /// `command`: What to run; `nil` attaches to what runs already.
    package func run(_ wanted: RemoteCommandStreams, command: [String]?) async {
        let session: RemoteCommandSession
        do throws(StreamUpgradeError) {
            session = try await exchange.upgradeToRemoteCommand(request, streams: wanted)
        } catch {
            if error.isAnswerable { Response(error.statusError).send(to: exchange) }
            return
        }
        let standard = StandardStreams(
            stdin: session.descriptors.stdin, stdout: session.descriptors.stdout, stderr: session.descriptors.stderr,
            resizes: session.descriptors.resizes)
        let work = Task { await perform(standard, tty: wanted.tty, command: command) }
        session.onClose { work.cancel() }
        await session.finish(await work.value)
    }

    private func perform(_ standard: StandardStreams, tty: Bool, command: [String]?) async -> RemoteCommandOutcome {
        do throws(StatusError) {
            guard let command else {
                try await streams.attach(target, tty: tty, streams: standard)
                return .detached
            }
            return .exited(try await streams.exec(target, command: command, tty: tty, streams: standard))
        } catch {
            return .failed(message: error.message, status: error.json.serialized())
        }
    }
}
