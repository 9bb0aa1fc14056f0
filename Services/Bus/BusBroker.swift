import Logging
import Messaging
import Synchronization

/// The broker of the bus: a ROUTER socket that all services connect to, and a feed for observers.
///
/// It hands hints and commands to consumers with credit and keeps nothing on disk: when it goes, clients connect to the
/// next one and say again what they want, and the sweeper hints again at what was lost.
public final class BusBroker: Sendable {
    /// Where services connect, with the port that the system chose if it was asked to.
    public let endpoint: String
    /// Where observers connect, if there is a feed.
    public let eventsEndpoint: String?
    private let control: BrokerControl
    /// Held by the broker's thread as long as it runs: nobody else touches the sockets.
    private let loop: Mutex<BrokerLoop?>
    private let hasStarted = Atomic<Bool>(false)

    /// Binds the sockets; clients can connect from here on and are served once ``run()`` is called.
    ///
    /// - Throws: `MessagingError`: `invalidEndpoint`; `insecureBind` for an endpoint that other machines reach, without
    ///   CURVE keys; `system`, for example when the address is in use.
    public init(configuration: BusBrokerConfiguration, logger: Logger) throws {
        control = try BrokerControl()
        let loop = try BrokerLoop(configuration: configuration, control: control, logger: logger)
        endpoint = loop.sockets.endpoint.description
        eventsEndpoint = loop.sockets.eventsEndpoint?.description
        self.loop = Mutex(loop)
    }

    /// Serves until ``stop()`` is called or the task is cancelled, then closes the sockets.
    ///
    /// - Throws: `MessagingError`: `closed` when called a second time; `system` when the sockets fail.
    public func run() async throws {
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (ended: CheckedContinuation<Result<Void, MessagingError>, Never>) in
                start(ended)
            }
        } onCancel: {
            control.stop()
        }
        try outcome.get()
    }

    /// Makes ``run()`` return after what has been received is passed on. A broker that does not run yet will not.
    public func stop() {
        control.stop()
    }

    /// The counters as of the loop's last turn.
    public var statistics: BusBrokerStatistics { control.current }

    /// What has become of the messages of each topic that is counted by name, and of all others; as of the last half second.
    public var topicStatistics: [String: BusTopicStatistics] { control.currentTopics }

    private func start(_ ended: CheckedContinuation<Result<Void, MessagingError>, Never>) {
        guard !hasStarted.exchange(true, ordering: .relaxed) else {
            return ended.resume(returning: .failure(MessagingError(.closed, "a broker runs only once")))
        }
        do {
            try LoopThread.start(name: "bus-broker") { ended.resume(returning: self.serve()) }
        } catch {
            ended.resume(returning: .failure(error))
        }
    }

    private func serve() -> Result<Void, MessagingError> {
        loop.withLock { loop in
            // Closes the sockets, which may take the linger time.
            defer { loop = nil }
            do throws(MessagingError) {
                try loop?.run()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
    }
}
