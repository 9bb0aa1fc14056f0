import Assembly
import Contracts
import Logging
import Runtime
import ServiceLifecycle
import Store

/// Sweeps: takes work back from workers that went away, wakes what is due, and says again what may not have been heard.
///
/// Any number of schedulers may run; every statement claims what it changes.
public struct SchedulerService: Service {
    /// The bounds of a scheduler.
    public struct Configuration: Sendable {
        /// How often it sweeps.
        public var sweepInterval: Duration = .seconds(1)
        /// How often it makes partitions and forgets old workers.
        public var upkeepInterval: Duration = .seconds(3600)
        /// Weeks of runs, exchanges, answers, log and history that ended longer ago than this are dropped; nil keeps them all.
        public var retention: Duration?
        /// Deliveries that have been over for longer than this are deleted, with their attempts; nil keeps them all.
        public var deliveryRetention: Duration? = .seconds(30 * 86_400)
        /// Deliveries deleted by one statement.
        public var forgetMax = 1_000
        /// Runs that are closed by one statement when a request is stopped.
        public var stopMax = 2_000
        /// How often it looks for runs whose back-off is over.
        public var wakeInterval: Duration = .milliseconds(100)
        /// Runs made ready by one statement.
        public var wakeMax = 1_000
        /// A run whose executors went away this often is failed, not tried again.
        public var attemptsMax = 10
        /// No lease is expired before this scheduler has been in touch with the database for so long.
        public var grace: Duration = .seconds(15)

        /// The documented defaults.
        public init() {}
    }

    private let configuration: Configuration
    private let sweep: SweepStore
    private let runs: RunStore
    private let requests: RequestStore
    private let results: ResultStore
    private let hints: HintPublisher
    private let contact: DatabaseContact
    private let logger: Logger
    private let released: PrometheusCounter
    private let woken: PrometheusCounter
    private let timedOut: PrometheusCounter
    private let sweepSeconds: PrometheusHistogram

    /// A scheduler on its parts.
    init(
        configuration: Configuration, sweep: SweepStore, runs: RunStore, requests: RequestStore, results: ResultStore,
        hints: HintPublisher, context: RuntimeContext
    ) {
        self.configuration = configuration
        self.sweep = sweep
        self.runs = runs
        self.requests = requests
        self.results = results
        self.hints = hints
        // Two heartbeats may be missed in that time, not three.
        contact = DatabaseContact(silenceMax: configuration.grace / 3)
        logger = context.logger
        released = context.metrics.counter(
            "weir_scheduler_workers_released_total", "Workers whose claims were taken back.")
        woken = context.metrics.counter("weir_scheduler_runs_woken_total", "Runs made ready after a back-off.")
        timedOut = context.metrics.counter(
            "weir_scheduler_runs_timed_out_total", "Runs ended because they waited for longer than their source allows."
        )
        sweepSeconds = context.metrics.histogram("weir_scheduler_sweep_seconds", "How long sweeps take.")
    }

    /// Sweeps until it is told to stop.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await sweepForever() }
                group.addTask { await keepInTouch() }
                group.addTask { await stopForever() }
                group.addTask { await wakeForever() }
                group.addTask { await keepUp() }
                group.addTask { await forgetDeliveries() }
            }
        }
    }

    private func sweepForever() async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            do {
                try await sweepOnce()
                sweepSeconds.record(start.duration(to: .now))
            } catch {
                logger.warning("A sweep failed.", metadata: ["error": "\(error)"])
            }
            await rest(configuration.sweepInterval)
        }
    }

    /// Makes runs ready whose back-off is over. More often than the sweeps: a wait of half a second shall not take two.
    private func wakeForever() async {
        while !Task.isCancelled {
            do {
                var count = 0
                repeat {
                    count = try await sweep.wakeRuns(limit: configuration.wakeMax)
                    woken.increment(by: Int64(count))
                    if count > 0 {
                        for source in try await runs.readySources() { hints.say(.runReady(source)) }
                    }
                } while count == configuration.wakeMax
            } catch {
                logger.warning("Could not wake runs whose back-off is over.", metadata: ["error": "\(error)"])
            }
            await rest(min(configuration.wakeInterval, configuration.sweepInterval))
        }
    }

    /// Ends what is cancelled or overdue. Beside the sweeps, because a request of a million runs takes a while.
    private func stopForever() async {
        while !Task.isCancelled {
            do {
                while try await requests.stopOverdue(limit: 100) == 100 {}
                // Before the look at what is ready for too long.
                _ = try await sweep.dissolvePrepared(limit: configuration.wakeMax)
                timedOut.increment(by: Int64(try await sweep.timeOutRuns(limit: configuration.wakeMax)))
                for request in try await requests.stoppingRequests(limit: 100) { try await stop(request) }
            } catch {
                logger.warning("Could not end requests that are cancelled or overdue.", metadata: ["error": "\(error)"])
            }
            await rest(configuration.sweepInterval)
        }
    }

    private func stop(_ request: StoppingRequest) async throws {
        var first = 0
        repeat {
            let end = min(first + max(1, configuration.stopMax / request.runsPerObject), request.objectCount)
            try await requests.closeRuns(of: request, positions: first..<end)
            first = end
        } while first < request.objectCount && !Task.isCancelled
        // Executors that hold some of its exchanges look for themselves; whoever collects hears of it here.
        hints.say(.runsClosed(request.reference))
    }

    /// Beside the sweeps, which may take long without any outage.
    private func keepInTouch() async {
        while !Task.isCancelled {
            do {
                contact.answered(with: try await sweep.time())
            } catch {
                contact.lost()
            }
            // The beat by which an outage is noticed: a few within the longest silence.
            await rest(contact.silenceMax / 4)
        }
    }

    private func sweepOnce() async throws {
        let lost = try await sweep.releaseEndedWorkers(
            contact: contact.lastAnswer(unbrokenFor: configuration.grace).map { ($0, contact.silenceMax) },
            attemptsMax: configuration.attemptsMax)
        if lost > 0 {
            released.increment(by: Int64(lost))
            logger.info("Took back the work of workers that went away.", metadata: ["workers": "\(lost)"])
        }
        try await sayAgain()
    }

    /// The state of the rows is the outbox: whatever waits is announced again.
    private func sayAgain() async throws {
        for request in try await requests.waitingForExpansion(limit: 100) {
            hints.say(.requestAccepted(request))
        }
        for source in try await runs.readySources() {
            hints.say(.runReady(source))
        }
        if try await sweep.fetchedRunsWait() {
            hints.say(.answerRecorded)
        }
        for request in try await results.waitingForCollection(limit: 100) {
            hints.say(.runsClosed(request))
        }
        if try await sweep.deliveriesWait() {
            hints.say(.deliveriesDue)
        }
    }

    private func keepUp() async {
        while !Task.isCancelled {
            var pause = configuration.upkeepInterval
            do {
                let made = try await sweep.upkeep()
                if made > 0 { logger.info("Made partitions.", metadata: ["count": "\(made)"]) }
                if let retention = configuration.retention {
                    let dropped = try await sweep.dropPartitions(olderThan: retention)
                    if !dropped.isEmpty {
                        logger.info(
                            "Dropped old partitions.", metadata: ["partitions": "\(dropped.joined(separator: " "))"])
                    }
                }
            } catch {
                logger.error("Upkeep failed.", metadata: ["error": "\(error)"])
                pause = .seconds(10)
            }
            await rest(pause)
        }
    }

    /// Beside the upkeep: there may be many after a while without any scheduler.
    private func forgetDeliveries() async {
        guard let retention = configuration.deliveryRetention else { return }
        while !Task.isCancelled {
            var pause = configuration.upkeepInterval
            do {
                var (count, total) = (0, 0)
                repeat {
                    count = try await sweep.forgetDeliveries(olderThan: retention, limit: configuration.forgetMax)
                    total += count
                } while count == configuration.forgetMax && !Task.isCancelled
                if total > 0 { logger.info("Deleted old deliveries.", metadata: ["count": "\(total)"]) }
            } catch {
                logger.error("Could not delete old deliveries.", metadata: ["error": "\(error)"])
                pause = .seconds(10)
            }
            await rest(pause)
        }
    }

    /// Waits for the next turn. Cut short by a stop, which every loop sees in its condition.
    private func rest(_ duration: Duration) async {
        try? await Task.sleep(for: duration)
    }
}
