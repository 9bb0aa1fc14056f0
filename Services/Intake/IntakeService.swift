import Assembly
import Contracts
import Logging
import Messaging
import Postgres
import Runtime
import ServiceLifecycle
import Store

/// Everything of intake besides HTTP: commands from the bus, and the expansion of whatever was accepted.
///
/// It lives on hints, on the notifications of plain SQL inserts, and looks for work by itself as well.
public struct IntakeService: Service {
    /// The bounds of intake.
    public struct Configuration: Sendable {
        /// Requests expanded at once.
        public var expanders = 2
        /// Commands accepted at once.
        public var commandsMax = 16
        /// How often it looks for work that nothing announced.
        public var pollInterval: Duration = .seconds(2)

        /// The documented defaults.
        public init() {}
    }

    let configuration: Configuration
    let expander: RequestExpander
    let commands: CommandReceiver
    let workflows: WorkflowAcceptor
    let requests: RequestStore
    let lease: WorkerLease
    let bus: BusClient
    let listener: PostgresListener
    /// Requests that one of the expanders has; all of them claim under the same worker.
    let expanding: UnderWay<ActivityRequestID>
    let logger: Logger
    let toExpand = UniqueQueue<ActivityRequestID>()

    /// Works until it is told to stop; then finishes the chunks under way.
    public func run() async throws {
        try await lease.register()
        await withTaskGroup(of: Void.self) { group in
            let keeper = Task { await lease.keep() }
            for _ in 0..<configuration.expanders {
                group.addTask { await cancelWhenGracefulShutdown { await expand() } }
            }
            group.addTask { await cancelWhenGracefulShutdown { await hearHints() } }
            group.addTask { await cancelWhenGracefulShutdown { await hearCommands() } }
            group.addTask { await cancelWhenGracefulShutdown { await hearInserts() } }
            group.addTask { await cancelWhenGracefulShutdown { await poll() } }
            await group.waitForAll()
            keeper.cancel()
            await keeper.value
        }
    }

    private func hearHints() async {
        for await batch in bus.consume(topics: [Topic.requestAccepted], credit: 64) {
            for message in batch {
                if let request = ActivityRequestID(message.key) { toExpand.add([request]) }
                message.finish()
            }
        }
    }

    private func hearCommands() async {
        let consumer = bus.consume(
            topics: [Topic.activityRequested, Topic.workflowRequested], credit: configuration.commandsMax)
        await withDiscardingTaskGroup { group in
            for await batch in consumer {
                for message in batch { group.addTask { await commands.receive(message) } }
            }
        }
    }

    private func hearInserts() async {
        for await _ in listener { await look() }
    }

    private func poll() async {
        while !Task.isCancelled {
            await look()
            try? await Task.sleep(for: configuration.pollInterval)
        }
    }

    private func look() async {
        do {
            try await workflows.expandInserted()
            toExpand.add(try await requests.waitingForExpansion(limit: 100).map(\.id))
        } catch {
            logger.warning("Could not look for accepted requests.", metadata: ["error": "\(error)"])
        }
    }

    private func expand() async {
        while let request = await toExpand.next() {
            guard expanding.begin(request) else { continue }
            defer { expanding.end(request) }
            var logger = logger.about(request)
            do {
                guard let expansion = try await expander.begin(request) else { continue }
                logger = logger.about(expansion.request.trace)
                try await expander.finish(expansion)
                logger.debug("The runs of a request are made.")
            } catch is ExpansionLost {
                logger.info("Another worker expands the request now.")
            } catch {
                logger.error("Could not expand a request.", metadata: ["error": "\(error)"])
                await letGo(of: request, logger: logger)
            }
        }
    }

    /// The claim may have taken effect although its answer was lost, and nobody takes it from a worker that is alive. Once it is
    /// released, the next poll finds the request again, which paces the attempts.
    private func letGo(of request: ActivityRequestID, logger: Logger) async {
        await insist(on: "release a request", logger: logger) {
            try await requests.release(request, worker: lease.worker)
        }
    }
}
