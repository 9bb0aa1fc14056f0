internal import CCurl
import Glibc
import Logging

/// The functions that libcurl calls. All run on the loop's thread, inside one of the loop's own calls.
///
/// User data is an unretained reference: to the transfer, which is alive while its handle is in use, or to the loop,
/// which outlives all of them.
enum TransferCallbacks {
    static let header: curl_write_callback = { bytes, size, count, userData in
        guard let bytes, let transfer = reference(userData, as: Transfer.self) else { return 0 }
        let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
        // Any other number than the one handed over makes libcurl stop the transfer.
        return transfer.receive(headerLine: line) ? line.count : 0
    }

    static let body: curl_write_callback = { bytes, size, count, userData in
        guard let bytes, let transfer = reference(userData, as: Transfer.self) else { return 0 }
        let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
        return transfer.receive(bodyBytes: piece) ? piece.count : 0
    }

    static let connected: curl_prereq_callback = { userData, _, _, _, _ in
        guard let transfer = reference(userData, as: Transfer.self) else { return CURL_PREREQFUNC_ABORT }
        transfer.connected()
        return CURL_PREREQFUNC_OK
    }

    static let openSocket: curl_opensocket_callback = { userData, _, address in
        guard let transfer = reference(userData, as: Transfer.self), let address else { return CURL_SOCKET_BAD }
        guard transfer.mayOpenSocket(to: SocketAddress(address)) else {
            errno = EACCES
            return CURL_SOCKET_BAD
        }
        let kind = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.pointee.family, kind, address.pointee.protocol)
        if descriptor >= 0 {
            transfer.loop.opened(descriptor)
        } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
            transfer.socketIsUnavailable(errno: errno)
        }
        return descriptor
    }

    static let closeSocket: curl_closesocket_callback = { userData, descriptor in
        reference(userData, as: TransferLoop.self)?.closed(descriptor)
        return close(descriptor)
    }

    static let interest: curl_socket_callback = { _, descriptor, what, userData, _ in
        reference(userData, as: TransferLoop.self)?.setInterest(what, of: descriptor)
        return 0
    }

    static let timer: curl_multi_timer_callback = { _, milliseconds, userData in
        reference(userData, as: TransferLoop.self)?.setTimer(milliseconds: milliseconds)
        return 0
    }

    private static func reference<Object: AnyObject>(
        _ userData: UnsafeMutableRawPointer?,
        as type: Object.Type
    ) -> Object? {
        userData.map { Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() }
    }
}

extension SocketAddress {
    /// The address that libcurl is about to connect to. `addr` is the beginning of a larger socket address of
    /// `addrlen` bytes.
    fileprivate init?(_ address: UnsafeMutablePointer<curl_sockaddr>) {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let start = UnsafeRawPointer(address) + offset
        self.init(UnsafeRawBufferPointer(start: start, count: Int(address.pointee.addrlen)))
    }
}

extension TransferLoop {
    func installCallbacks() throws(OutboundError) {
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        let codes = [
            ccurl_multi_setopt_socket(multi, TransferCallbacks.interest),
            ccurl_multi_setopt_pointer(multi, CURLMOPT_SOCKETDATA, pointer),
            ccurl_multi_setopt_timer(multi, TransferCallbacks.timer),
            ccurl_multi_setopt_pointer(multi, CURLMOPT_TIMERDATA, pointer),
            ccurl_multi_setopt_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)),
            ccurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, configuration.connectionsMax),
        ]
        guard codes.allSatisfy({ $0 == CURLM_OK }) else {
            throw OutboundError(code: .network, message: "libcurl cannot be set up")
        }
    }

    fileprivate func opened(_ descriptor: Int32) {
        // The one before of the same number was closed without notice.
        if poller.isOwn(descriptor) { closed(descriptor) }
        poller.opened(descriptor)
        statistics.connectionsOpened += 1
        statistics.connectionsOpen += 1
    }

    fileprivate func closed(_ descriptor: Int32) {
        poller.closed(descriptor)
        statistics.connectionsOpen -= 1
    }

    fileprivate func setInterest(_ what: Int32, of descriptor: Int32) {
        let code = poller.setInterest(what, of: descriptor)
        // A connection that was not made in time: libcurl 7.88 closes its socket without the callback for that, and another thread may
        // have opened one of the same number since.
        if code == EBADF || code == ENOENT, what == CURL_POLL_REMOVE {
            if poller.isOwn(descriptor) { closed(descriptor) }
        } else if code != 0 {
            // The transfer then ends by its time-out.
            logger.error("A connection cannot be watched.", metadata: ["errno": "\(code)"])
        }
    }
}
