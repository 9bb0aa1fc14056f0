import Logging
import Messaging
import Synchronization

/// The one thread of the broker: receives a turn's worth of frames, lets the router decide, sends what came of it.
final class BrokerLoop {
    let sockets: BrokerSockets
    private let router: MessageRouter<BrokerSockets>
    private let configuration: BusBrokerConfiguration
    private let control: BrokerControl
    private let logger: Logger
    private let clock = SuspendingClock()
    private let address = FrameBuffer()
    private let frame = FrameBuffer()
    private let tickInterval: Duration
    private var lastTick: SuspendingClock.Instant
    private var lastReport: SuspendingClock.Instant
    private var handshakesFailed = 0
    private var reported = BusBrokerStatistics()

    init(configuration: BusBrokerConfiguration, control: BrokerControl, logger: Logger) throws(MessagingError) {
        self.configuration = configuration
        self.control = control
        self.logger = logger
        tickInterval = min(configuration.heartbeat / 2, .milliseconds(500))
        lastTick = clock.now
        lastReport = lastTick
        control.publish(TopicLedger(configuration.countedTopics).statistics)
        sockets = try BrokerSockets(configuration: configuration)
        router = MessageRouter(configuration: configuration, wire: sockets, now: lastTick) {
            .random(in: 1...UInt64.max)
        }
    }

    /// Turns until it is told to stop, or the sockets cannot be waited for any more.
    ///
    /// - Throws: `system`.
    func run() throws(MessagingError) {
        var poll = PollSet()
        while !control.isStopping {
            poll.removeAll()
            poll.add(control.wakeUp)
            sockets.add(to: &poll)
            control.wakeUp.prepareToSleep()
            if !control.isStopping { try poll.wait(for: timeToSleep()) }
            turn()
        }
        router.flush()
        control.publish(router.snapshot())
        control.publish(router.ledger.statistics)
    }

    private func turn() {
        router.now = clock.now
        sockets.authenticator?.answerRequests()
        sockets.feed?.followSubscriptions(with: frame)
        countFailedHandshakes()
        receive()
        if router.now - lastTick >= tickInterval {
            // A turn that comes much too late means that this process stood still, not that all clients fell silent.
            let silenced = router.tick(hasStalled: router.now - lastTick > tickInterval + configuration.heartbeat)
            for name in silenced { logger.warning("A client fell silent.", metadata: ["client": "\(name)"]) }
            lastTick = router.now
            logLosses()
            control.publish(router.ledger.statistics)
            report()
        }
        // Whoever hears of something finds it counted. Sending may find a client gone, of which others hear in a further round.
        publishStatistics()
        router.flush(beforeFurtherRounds: publishStatistics)
    }

    private func timeToSleep() -> Duration {
        let untilTick = tickInterval - (clock.now - lastTick)
        // A ROUTER does not say when one of its clients can take more: try again soon.
        return router.blockedPeers.isEmpty ? untilTick : min(untilTick, .milliseconds(5))
    }

    private func receive() {
        for _ in 0..<BusLimits.receivesPerTurn {
            guard sockets.router.receive(into: address) == .done else { return }
            let sender = RoutingID(address.bytes)
            guard let sender else {
                refuseForeign([UInt8](address.bytes))
                continue
            }
            guard address.hasMore, sockets.router.receive(into: frame) == .done, !frame.hasMore else {
                sockets.router.discardRest(after: frame)
                router.refuse(.frames, from: sender.number)
                continue
            }
            router.receive(frame.bytes, from: sender.number)
        }
    }

    private func refuseForeign(_ routingID: [UInt8]) {
        sockets.router.discardRest(after: address)
        router.statistics.malformed += 1
        var batch = BatchBuilder()
        let fault = WireFault.routingID
        Array(fault.reason.utf8).withUnsafeBytes { batch.append(.refusal, code: fault.code.number, body: $0) }
        sockets.send(batch.bytes, toForeign: routingID)
    }

    private func countFailedHandshakes() {
        while let event = sockets.monitor.next() {
            guard case .handshakeFailed(let failure) = event else { continue }
            handshakesFailed += 1
            logger.debug("Refused a connection.", metadata: ["failure": "\(failure)"])
        }
    }

    private func publishStatistics() {
        router.statistics.handshakesFailed = handshakesFailed
        router.statistics.keysRefused = sockets.authenticator?.refusedCount ?? 0
        control.publish(router.snapshot())
    }

    /// Tells observers how the broker itself is doing, as every service does.
    private func report() {
        guard let report = configuration.report, router.now - lastReport >= report.interval else { return }
        lastReport = router.now
        router.report(topic: report.topic, key: report.key, body: report.body)
    }

    /// Says once per tick what was lost since the last one, however much it was.
    private func logLosses() {
        let current = router.statistics
        let losses = [
            current.dropped - reported.dropped, current.overloaded - reported.overloaded,
            current.malformed - reported.malformed, current.handshakesFailed - reported.handshakesFailed,
        ]
        reported = current
        guard losses.contains(where: { $0 > 0 }) else { return }
        logger.warning(
            "The bus has refused or lost something.",
            metadata: [
                "dropped": "\(losses[0])", "overloaded": "\(losses[1])", "malformed": "\(losses[2])",
                "handshakes_failed": "\(losses[3])",
            ])
    }
}
