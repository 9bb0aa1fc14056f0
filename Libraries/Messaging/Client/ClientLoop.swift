import Logging

/// The thread of a client: takes what tasks left in the mailbox, moves it to the brokers, and hands out what arrives.
///
/// Not sendable: it is made by ``BusClient``, handed to its thread, and touched there only.
final class ClientLoop {
    let configuration: BusConfiguration
    let mailbox: ClientMailbox
    let statistics: LoopStatistics
    let logger: Logger
    let clock = SuspendingClock()
    var links: [BrokerLink] = []
    var consumers: [UInt32: ConsumerChannel] = [:]
    var requests: RequestTable
    var feeds: [UInt64: ObservationFeed] = [:]
    let frame = FrameBuffer()
    private let eventsEndpoint: Endpoint?
    private var context: ZeroMQContext?
    private var closers: [CheckedContinuation<Void, Never>] = []
    private var closingDeadline: SuspendingClock.Instant?

    init(
        configuration: BusConfiguration, mailbox: ClientMailbox, statistics: LoopStatistics, logger: Logger
    ) throws(MessagingError) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.statistics = statistics
        self.logger = logger
        requests = RequestTable(countMax: configuration.requestsMax)
        if let text = configuration.eventsEndpoint {
            eventsEndpoint = try Endpoint(parsing: text)
        } else {
            eventsEndpoint = nil
        }
        guard !configuration.endpoints.isEmpty else {
            throw MessagingError(.invalidEndpoint, "no endpoint of a broker is configured (WEIR_BUS_ENDPOINTS)")
        }
        let context = try ZeroMQContext()
        for (index, text) in configuration.endpoints.enumerated() {
            links.append(
                try BrokerLink(
                    index: index, endpoint: Endpoint(parsing: text), configuration: configuration, context: context))
        }
        self.context = context
    }

    /// Turns until the client is closed, then closes everything.
    func run() {
        var poll = PollSet()
        repeat {
            let now = clock.now
            handleEvents(now: now)
            for link in links { followConnection(of: link, now: now) }
            for link in links { link.keepAlive(name: configuration.name, now: now) }
            giveCredit()
            sendHints()
            sendRequests(now: now)
            for link in links { link.flush() }
            requests.expire(now: now)
            guard !isClosed(now: now) else { break }
        } while sleep(&poll)
        shutDown()
    }

    // MARK: A turn

    private func handleEvents(now: SuspendingClock.Instant) {
        for event in mailbox.takeEvents() {
            switch event {
            case .request(let request):
                if closingDeadline == nil {
                    requests.add(request)
                } else {
                    request.continuation.resume(returning: .failure(ClientMailbox.closedError))
                }
            case .cancelRequest(let id):
                let error = MessagingError(.cancelled, "the waiting task was cancelled")
                _ = requests.finish(id, with: .failure(error))
            case .addConsumer(let channel): add(channel)
            case .removeConsumer(let id): removeConsumer(id)
            case .answer(let commandID, let link, let reply): send(reply, to: commandID, on: links[link])
            case .observe(let observation): observe(observation)
            case .report(let topic, let key, let body):
                // Whoever cannot be told now is told the next one.
                links.first { $0.canTake }?.append(.report, topic: topic, key: key, body: body)
            case .endObservation(let id): feeds[id] = nil
            case .close(let continuation): beginClosing(continuation, now: now)
            }
        }
    }

    private func add(_ channel: ConsumerChannel) {
        guard closingDeadline == nil else { return channel.end() }
        consumers[channel.id] = channel
        for link in links where link.isReady { subscribe(channel, on: link) }
    }

    private func removeConsumer(_ id: UInt32) {
        guard consumers.removeValue(forKey: id) != nil else { return }
        for link in links where link.isReady { link.append(.unsubscribe, id: UInt64(id)) }
    }

    func subscribe(_ channel: ConsumerChannel, on link: BrokerLink) {
        for topic in channel.topics { link.append(.subscribe, id: UInt64(channel.id), topic: topic) }
        let credit = channel.openAccount(link: link.index)
        if credit > 0 { link.append(.credit, number: UInt32(clamping: credit), id: UInt64(channel.id)) }
    }

    private func send(_ reply: BusReply, to commandID: UInt64, on link: BrokerLink) {
        // A broker that is gone has forgotten the command, and its requester knows.
        guard link.isReady else { return }
        switch reply.status {
        case .ok where reply.body.count <= configuration.bodyBytesMax:
            link.append(.reply, id: commandID, body: reply.body)
        case .ok:
            let reason = "the answer has \(reply.body.count) bytes, the bus carries \(configuration.bodyBytesMax)"
            link.append(.reply, flags: .rejected, id: commandID, topic: "tooLarge", body: Array(reason.utf8))
        case .rejected(let code, let reason):
            let code = String(decoding: code.utf8.prefix(BusLimits.topicBytesMax), as: UTF8.self)
            let reason = Array(reason.utf8.prefix(configuration.bodyBytesMax))
            link.append(.reply, flags: .rejected, id: commandID, topic: code, body: reason)
        }
    }

    private func observe(_ observation: Observation) {
        guard closingDeadline == nil, let endpoint = eventsEndpoint, let context else {
            return observation.continuation.finish()
        }
        do {
            feeds[observation.id] = try ObservationFeed(
                observation, endpoint: endpoint, configuration: configuration, context: context)
        } catch {
            logger.error("The bus cannot be observed.", metadata: ["error": "\(error)"])
            observation.continuation.finish()
        }
    }

    private func giveCredit() {
        for link in links where link.canTake {
            for (id, channel) in consumers {
                let credit = channel.takeReturned(link: link.index)
                if credit > 0 { link.append(.credit, number: UInt32(clamping: credit), id: UInt64(id)) }
            }
        }
    }

    private func sendHints() {
        for link in links {
            while link.canTake {
                let hints = mailbox.takeHints(max: BusLimits.receivesPerTurn)
                guard !hints.isEmpty else { return }
                for hint in hints { link.append(.hint, topic: hint.key.topic, key: hint.key.key, body: hint.element) }
            }
        }
    }

    private func sendRequests(now: SuspendingClock.Instant) {
        guard requests.hasUnsent else { return }
        for link in links {
            while link.canTake, let request = requests.takeUnsent(for: link.index) {
                switch request.content {
                case .ping: link.append(.ping, id: request.id)
                case .command(let topic, let key, let body):
                    let rest = (request.deadline - now).wholeMillisecondsRoundedUp
                    link.append(
                        .command, number: UInt32(clamping: rest), id: request.id, topic: topic, key: key, body: body)
                    statistics.update { $0.requests += 1 }
                }
            }
        }
    }

    // MARK: Sleeping

    /// Sleeps until there is something to do and receives it; `false` if the loop cannot go on.
    private func sleep(_ poll: inout PollSet) -> Bool {
        poll.removeAll()
        poll.add(mailbox.wakeUp)
        for link in links {
            poll.add(link.socket, writable: link.wantsToWrite)
            poll.add(link.monitor.socket)
        }
        for feed in feeds.values { poll.add(feed.socket) }
        mailbox.wakeUp.prepareToSleep()
        do {
            try poll.wait(for: hasWork ? .zero : timeToSleep())
        } catch {
            logger.critical("The bus client ends: its sockets cannot be waited for.", metadata: ["error": "\(error)"])
            return false
        }
        let now = clock.now
        for link in links { receive(from: link, now: now) }
        for feed in feeds.values {
            let (dropped, malformed) = feed.receive()
            if dropped > 0 { statistics.update { $0.observationsDropped += dropped } }
            if malformed > 0 { statistics.update { $0.malformed += malformed } }
        }
        return true
    }

    /// Looked at after the wake-up flag was lowered, so that nothing left in between is slept over.
    private var hasWork: Bool {
        let canSend = links.contains { $0.canTake }
        if mailbox.hasWork(canSendHints: canSend) { return true }
        guard canSend else { return false }
        return links.contains { link in
            link.canTake && consumers.values.contains { $0.hasParcel(link: link.index) }
        }
    }

    private func timeToSleep() -> Duration {
        let now = clock.now
        var wake = now.advanced(by: configuration.heartbeat)
        for link in links {
            if let due = link.nextKeepAlive, !link.isBlocked { wake = min(wake, due) }
        }
        if let deadline = requests.nextDeadline { wake = min(wake, deadline) }
        if let closingDeadline { wake = min(wake, closingDeadline) }
        return max(.zero, wake - now)
    }

    // MARK: Closing

    private func beginClosing(_ continuation: CheckedContinuation<Void, Never>?, now: SuspendingClock.Instant) {
        if let continuation { closers.append(continuation) }
        guard closingDeadline == nil else { return }
        closingDeadline = now.advanced(by: configuration.closeTimeout)
        for channel in consumers.values { channel.end() }
        for id in Array(consumers.keys) { removeConsumer(id) }
        for feed in feeds.values { feed.observation.continuation.finish() }
        feeds = [:]
        requests.failAll(on: nil, ClientMailbox.closedError)
    }

    private func isClosed(now: SuspendingClock.Instant) -> Bool {
        guard let closingDeadline else { return false }
        let isFlushed = !mailbox.hasWork(canSendHints: true) && !links.contains { $0.isBlocked }
        return isFlushed || now >= closingDeadline
    }

    private func shutDown() {
        for link in links where link.canTake {
            link.append(.goodbye)
            link.flush()
        }
        for event in mailbox.close() {
            switch event {
            case .request(let request): request.continuation.resume(returning: .failure(ClientMailbox.closedError))
            case .addConsumer(let channel): channel.end()
            case .observe(let observation): observation.continuation.finish()
            case .close(let continuation): if let continuation { closers.append(continuation) }
            case .cancelRequest, .removeConsumer, .answer, .report, .endObservation: break
            }
        }
        for channel in consumers.values { channel.end() }
        for feed in feeds.values { feed.observation.continuation.finish() }
        requests.failAll(on: nil, ClientMailbox.closedError)
        // The sockets close, and with the last of them the context ends, within the linger time.
        feeds = [:]
        links = []
        context = nil
        countConnections()
        for closer in closers { closer.resume() }
    }
}
