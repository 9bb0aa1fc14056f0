internal import CCurl
import Glibc
import Logging

/// The thread of a client, with everything that libcurl does on it.
///
/// Made by the client's initializer, then handed to its thread and touched by no other. Callers reach it through the
/// ``Mailbox`` only. libcurl's manual on the socket interface:
/// <https://curl.se/libcurl/c/curl_multi_socket_action.html>.
final class TransferLoop {
    let configuration: OutboundClient.Configuration
    let addressGuard: AddressGuard
    let logger: Logger
    let mailbox: Mailbox
    let multi: UnsafeMutableRawPointer

    var poller: Poller
    var admission: AdmissionQueue<Exchange>
    var statistics = OutboundStatistics()

    /// When libcurl wants to be called next, as it said last.
    var timerDeadline: MonotonicInstant?

    /// The deadline of the waiting request that has the nearest, or an earlier instant.
    var waitingDeadline = MonotonicInstant.distantFuture

    /// Requests that are still queued although they were cancelled.
    var cancelledWaiting = 0

    /// Bytes of body that all running transfers hold.
    var bufferedBytes = 0

    var running: [Transfer] = []

    /// What ``collectFinished()`` works on; kept for its memory.
    var finished: [(transfer: Transfer, code: CURLcode)] = []

    /// Transfers of which the guard has just refused an address.
    var refused: [Transfer] = []

    /// Handles without an exchange, for the next ones.
    var spare: [Transfer] = []
    private var isStopping = false
    private var isCleanedUp = false

    init(configuration: OutboundClient.Configuration, mailbox: Mailbox, logger: Logger) throws(OutboundError) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.logger = logger
        addressGuard = try AddressGuard(
            allowedNetworks: configuration.allowedNetworks, ownPorts: configuration.ownPorts)
        poller = try Poller(wakeDescriptor: mailbox.wakeDescriptor)
        admission = AdmissionQueue(
            inFlightMax: configuration.connectionsMax,
            perHostMax: configuration.connectionsPerHostMax,
            waitingMax: configuration.queuedRequestsMax
        )
        guard CurlLibrary.isInitialized, let multi = curl_multi_init() else {
            throw OutboundError(code: .network, message: "libcurl cannot be initialized")
        }
        self.multi = multi
        try installCallbacks()
    }

    deinit {
        if !isCleanedUp { curl_multi_cleanup(multi) }
    }

    /// Starts the thread, which keeps the loop alive until it ends.
    func startThread() throws(OutboundError) {
        let loop = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, loop.toOpaque())
        guard code == 0 else {
            loop.release()
            throw OutboundError(systemCall: "pthread_create", errno: code)
        }
        pthread_detach(thread)
    }

    private func run() {
        prepareThread()
        var commands: [Mailbox.Command] = []
        var ready: [(socket: Int32, bits: Int32)] = []
        while !isStopping {
            mailbox.take(into: &commands, publishing: statistics)
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)

            admit()
            let now = MonotonicInstant.now
            fireTimer(now)
            expireWaiting(now)
            collectFinished()
            goOnToNextAddresses()

            let milliseconds = sleepMilliseconds(now)
            poller.wait(milliseconds: milliseconds != 0 && mailbox.prepareToSleep() ? milliseconds : 0, ready: &ready)
            for (socket, bits) in ready {
                var count: Int32 = 0
                curl_multi_socket_action(multi, socket, bits, &count)
            }
            if !ready.isEmpty { collectFinished() }
            updateGauges()
        }
        shutDown()
    }

    /// Signals belong to the program's other threads. A blocked SIGPIPE also turns a write to a broken TLS connection
    /// into an error; `CURLOPT_NOSIGNAL` makes that our duty. Threads that libcurl starts to resolve names inherit
    /// the mask.
    private func prepareThread() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }

    private func perform(_ command: Mailbox.Command) {
        switch command {
        case .start(let exchange, let continuation):
            exchange.continuation = continuation
            enqueue(exchange)
        case .cancel(let exchange):
            cancel(exchange)
        case .stop:
            isStopping = true
        }
    }

    private func fireTimer(_ now: MonotonicInstant) {
        guard let deadline = timerDeadline, deadline <= now else { return }
        timerDeadline = nil
        var count: Int32 = 0
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &count)
        // libcurl calls back only when its nearest time-out changes; if this call came a little early for it, it has
        // not.
        if timerDeadline == nil {
            var milliseconds = -1
            curl_multi_timeout(multi, &milliseconds)
            setTimer(milliseconds: milliseconds)
        }
    }

    /// Lets libcurl try the next address of a host when one was refused. By itself it would do so when the time that it gives to an
    /// address has passed, although nothing is going on there. Pausing both ways and going on is how it is told to look at a transfer.
    private func goOnToNextAddresses() {
        guard !refused.isEmpty else { return }
        let transfers = refused
        refused.removeAll(keepingCapacity: true)
        for transfer in transfers where transfer.exchange != nil && !transfer.isConnected {
            curl_easy_pause(transfer.easy, CURLPAUSE_ALL)
            curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        }
    }

    func setTimer(milliseconds: Int) {
        timerDeadline = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    }

    /// How long nothing is due: -1 for ever, 0 for not at all.
    private func sleepMilliseconds(_ now: MonotonicInstant) -> Int32 {
        if admission.hasNext || isStopping { return 0 }
        var next = timerDeadline ?? .distantFuture
        if admission.waitingCount > 0 { next = min(next, waitingDeadline) }
        return next == .distantFuture ? -1 : Int32(clamping: now.milliseconds(until: next))
    }

    private func updateGauges() {
        statistics.exchangesInFlight = running.count
        statistics.requestsQueued = admission.waitingCount - cancelledWaiting
    }

    private func shutDown() {
        while let transfer = running.last, let exchange = transfer.exchange {
            abandon(transfer)
            finish(exchange, .failure(.closed(exchange)))
        }
        for exchange in admission.extractWaiting(where: { _ in true }) where !exchange.isFinished {
            finish(exchange, .failure(.closed(exchange)))
        }
        cancelledWaiting = 0
        spare.removeAll()
        curl_multi_cleanup(multi)
        isCleanedUp = true
        updateGauges()
        mailbox.end(publishing: statistics)
    }
}
