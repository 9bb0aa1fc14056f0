import Foundation
import Hummingbird
import Logging
import NIOCore

/// Something else listens where the stubs were to.
public struct PortInUse: Error, CustomStringConvertible {
    let port: Int

    /// What to do about it.
    public var description: String { "Port \(port) on 127.0.0.1 is in use. Choose another one with --port." }
}

/// Five APIs of different styles that behave like real ones, and misbehave when they are told to.
public struct StubAPIServer: Sendable {
    private let port: Int

    /// A server on loopback; port 0 takes a free one.
    public init(port: Int = 0) {
        self.port = port
    }

    /// Serves until the task is cancelled or a signal comes.
    ///
    /// - Parameter onRunning: told the port when the server listens.
    public func run(onRunning: @escaping @Sendable (Int) async -> Void) async throws {
        var logger = Logger(label: "weir-stub-apis")
        // Cancelling it counts as an error to Hummingbird.
        logger.logLevel = .critical
        let port = port
        let application = Application(
            router: Self.router(),
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 1024),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: logger
        )
        do {
            try await application.runService()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw PortInUse(port: port)
        }
    }

    private static func router() -> Router<BasicRequestContext> {
        let router = Router()
        let states = Dictionary(
            uniqueKeysWithValues: ["directory", "crm", "registry", "batch", "search"].map { ($0, APIState()) })
        func group(_ name: String) -> (group: RouterGroup<BasicRequestContext>, state: APIState) {
            let state = states[name] ?? APIState()
            return (router.group(RouterPath(name)).add(middleware: Observation(state: state)), state)
        }
        let (directory, directoryState) = group("directory")
        DirectoryAPI(state: directoryState).add(to: directory)
        let (crm, crmState) = group("crm")
        let tokens = TokenIssuer(state: crmState)
        CRMAPI(state: crmState, tokens: tokens).add(to: crm)
        let (registry, registryState) = group("registry")
        RegistryAPI(state: registryState).add(to: registry)
        let (batch, batchState) = group("batch")
        BatchAPI(state: batchState, jobs: JobBook(), callbacks: CallbackSender(state: batchState)).add(to: batch)
        SearchAPI().add(to: group("search").group)
        ControlAPI(states: states, tokens: tokens).add(to: router)
        return router
    }
}
