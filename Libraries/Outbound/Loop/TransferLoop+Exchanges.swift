internal import CCurl
import Synchronization

/// The life of an exchange on the loop: queued, started, finished.
extension TransferLoop {
    private static let sparesMax = 256

    func enqueue(_ exchange: Exchange) {
        if exchange.isCancelled.load(ordering: .acquiring) {
            return finish(exchange, .failure(.cancelled(exchange)))
        }
        guard admission.append(exchange, origin: exchange.target.origin) else {
            return finish(exchange, .failure(.queueFull(exchange, max: configuration.queuedRequestsMax)))
        }
        waitingDeadline = min(waitingDeadline, exchange.deadline)
        admit()
    }

    /// Starts what may go.
    func admit() {
        guard admission.hasNext else { return }
        let now = MonotonicInstant.now
        while let (exchange, host) = admission.next(now: now) {
            if exchange.isFinished {
                cancelledWaiting -= 1
                admission.release(host)
                continue
            }
            exchange.hostRecord = host
            start(exchange, now: now)
        }
    }

    private func start(_ exchange: Exchange, now: MonotonicInstant) {
        guard let transfer = spare.popLast() ?? Transfer(loop: self) else {
            return finish(exchange, .failure(.init(curl: CURLE_OUT_OF_MEMORY, exchange, transfer: nil)))
        }
        transfer.begin(exchange)
        exchange.stage = .running(transfer)
        transfer.index = running.count
        running.append(transfer)
        statistics.exchangesStarted += 1

        var code = transfer.setOptions(of: exchange, now: now)
        if code == CURLE_OK, curl_multi_add_handle(multi, transfer.easy) != CURLM_OK { code = CURLE_OUT_OF_MEMORY }
        if code != CURLE_OK {
            let error = OutboundError(curl: code, exchange, transfer: transfer)
            abandon(transfer)
            finish(exchange, .failure(error))
        }
    }

    func cancel(_ exchange: Exchange) {
        switch exchange.stage {
        case .waiting:
            // Not yet in the queue (its start command comes after this one), or in it: then it is passed over when
            // its turn comes.
            guard exchange.continuation != nil else { return }
            cancelledWaiting += 1
            finish(exchange, .failure(.cancelled(exchange)))
            if cancelledWaiting >= 64, cancelledWaiting * 2 >= admission.waitingCount {
                cancelledWaiting -= admission.extractWaiting(where: \.isFinished).count
            }
        case .running(let transfer):
            abandon(transfer)
            finish(exchange, .failure(.cancelled(exchange)))
        case .finished:
            break
        }
    }

    func expireWaiting(_ now: MonotonicInstant) {
        guard waitingDeadline <= now else { return }
        waitingDeadline = .distantFuture
        let taken = admission.extractWaiting { exchange in
            if exchange.isFinished || exchange.deadline <= now { return true }
            waitingDeadline = min(waitingDeadline, exchange.deadline)
            return false
        }
        for exchange in taken {
            if exchange.isFinished {
                cancelledWaiting -= 1
            } else {
                finish(exchange, .failure(.waitedTooLong(exchange)))
            }
        }
    }

    /// Answers the exchanges that libcurl has finished.
    func collectFinished() {
        // All messages are read first: to remove a handle, libcurl walks through the messages that are still unread.
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let transfer = Self.transfer(of: message.pointee.easy_handle)
            else { continue }
            finished.append((transfer, message.pointee.data.result))
        }
        for (transfer, code) in finished {
            guard let exchange = transfer.exchange else { continue }
            let outcome = outcome(of: exchange, transfer: transfer, code: code)
            if code == CURLE_COULDNT_RESOLVE_HOST { failWaiting(for: exchange, outcome) }
            statistics.bytesReceived += transfer.bytesReceived
            abandon(transfer)
            finish(exchange, outcome)
        }
        finished.removeAll(keepingCapacity: true)
    }

    private func outcome(of exchange: Exchange, transfer: Transfer, code: CURLcode) -> Outcome {
        guard code == CURLE_OK else { return .failure(OutboundError(curl: code, exchange, transfer: transfer)) }
        if transfer.isCut {
            return .failure(
                OutboundError(
                    .network, exchange, "the answer's compressed body ends before its end", mayHaveBeenSent: true))
        }
        let (header, body) = transfer.takeAnswer()
        return .success(
            OutboundResponse(
                status: transfer.status,
                headerBlock: header,
                body: body,
                duration: exchange.startedAt.duration(to: .now),
                bytesReceived: transfer.bytesReceived,
                remoteAddress: transfer.remoteAddress
            )
        )
    }

    /// Takes a transfer out of libcurl, in whatever state it is, and makes its handle ready for another exchange.
    func abandon(_ transfer: Transfer) {
        guard let exchange = transfer.exchange else { return }
        // Fails only for handles that are not libcurl's own.
        curl_multi_remove_handle(multi, transfer.easy)
        transfer.clearOptions(of: exchange)
        transfer.end()
        let last = running.removeLast()
        if last !== transfer {
            running[transfer.index] = last
            last.index = transfer.index
        }
        if spare.count < Self.sparesMax { spare.append(transfer) }
    }

    /// Answers the caller and gives the place back.
    func finish(_ exchange: Exchange, _ outcome: Outcome) {
        exchange.stage = .finished
        if let host = exchange.hostRecord {
            exchange.hostRecord = nil
            admission.release(host)
        }
        switch outcome {
        case .success: statistics.exchangesSucceeded += 1
        case .failure: statistics.exchangesFailed += 1
        }
        exchange.continuation?.resume(returning: outcome)
        exchange.continuation = nil
    }

    /// Requests that waited for a name to be resolved share the failure: each of them would ask the same question
    /// again.
    private func failWaiting(for exchange: Exchange, _ outcome: Outcome) {
        guard let host = exchange.hostRecord, case .failure(let error) = outcome else { return }
        for waiting in admission.extractWaiting(of: host) {
            if waiting.isFinished {
                cancelledWaiting -= 1
            } else {
                finish(waiting, .failure(error.shared(by: waiting)))
            }
        }
    }

    private static func transfer(of easy: UnsafeMutableRawPointer?) -> Transfer? {
        var pointer: UnsafeMutableRawPointer?
        guard let easy, ccurl_easy_getinfo_pointer(easy, CURLINFO_PRIVATE, &pointer) == CURLE_OK, let pointer else {
            return nil
        }
        return Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
    }
}
