internal import CCurl
import Logging

/// An easy handle of libcurl with what one exchange gathers on it. Used again for later exchanges; lives on the
/// loop's thread.
final class Transfer {
    /// Why the client itself stopped an exchange.
    enum Breach {
        case bodyTooLarge(announced: Int?)
        case headersTooLarge
        case encodingRefused(reason: String)
        case bodyDamaged
        case memoryExhausted
        case socketUnavailable(errno: Int32)
    }

    let easy: UnsafeMutableRawPointer
    let loop: TransferLoop

    /// The exchange in progress, and its place among the running transfers.
    var exchange: Exchange?
    var index = 0

    var headerList = HeaderList()
    var addressList: UnsafeMutablePointer<curl_slist>?
    let errorBuffer: UnsafeMutablePointer<CChar>

    private(set) var header = HeaderBlock()
    private(set) var body: [UInt8] = []
    private(set) var breach: Breach?
    private var codings = BodyCodings()
    /// Of a body that is compressed.
    private var inflater: Inflater?
    private var headerBytes = 0
    private var bodyBytesMax = 0

    /// Whether a connection stood and the request was about to be written to it.
    private(set) var isConnected = false
    private var hasOpenedSocket = false
    private(set) var refusal: (address: IPAddress?, reason: String)?

    init?(loop: TransferLoop) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.loop = loop
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard setConstantOptions() == CURLE_OK else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        errorBuffer.deallocate()
    }

    /// Takes up an exchange, with nothing left of the last one.
    func begin(_ exchange: Exchange) {
        self.exchange = exchange
        bodyBytesMax = min(exchange.request.responseBytesMax, loop.configuration.responseBytesMax)
        header = HeaderBlock()
        body = []
        breach = nil
        codings = BodyCodings()
        inflater = nil
        headerBytes = 0
        isConnected = false
        hasOpenedSocket = false
        refusal = nil
        errorBuffer.pointee = 0
    }

    /// Hands over the answer.
    func takeAnswer() -> (header: HeaderBlock, body: [UInt8]) {
        loop.bufferedBytes -= body.count
        defer {
            header = HeaderBlock()
            body = []
        }
        return (header, body)
    }

    /// Whether a compressed body ended before its end, although as many bytes came as the server announced.
    var isCut: Bool { inflater?.isWhole == false }

    /// Lets go of the exchange and of what is left of its answer.
    func end() {
        _ = takeAnswer()
        inflater = nil
        exchange = nil
    }

    /// Whether every address tried was one that the guard refuses.
    var isRefused: Bool {
        refusal != nil && !hasOpenedSocket
    }

    // MARK: What libcurl reports

    /// Takes a line of the header; `false` stops the transfer.
    func receive(headerLine line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= loop.configuration.headerBytesMax, header.count < loop.configuration.headerCountMax else {
            breach = .headersTooLarge
            return false
        }
        codings.note(headerLine: line)
        if let reason = codings.refusal {
            breach = .encodingRefused(reason: reason)
            return false
        }
        if line.starts(with: "HTTP/".utf8) {
            header.removeAll()
        } else if body.isEmpty, line.count > 2 {
            header.append(line: line)
        }
        return true
    }

    /// Takes a piece of the body; `false` stops the transfer.
    func receive(bodyBytes bytes: UnsafeRawBufferPointer) -> Bool {
        guard let coding = codings.compression else { return receive(contentBytes: bytes) }
        guard let inflater = inflater ?? Inflater(coding: coding) else {
            breach = .memoryExhausted
            return false
        }
        self.inflater = inflater
        switch inflater.push(bytes, receive(contentBytes:)) {
        case .taken: return true
        case .refused: return false
        case .damaged: breach = .bodyDamaged
        case .memoryExhausted: breach = .memoryExhausted
        }
        return false
    }

    /// Takes a piece of the body after decompression; `false` stops the transfer.
    private func receive(contentBytes bytes: UnsafeRawBufferPointer) -> Bool {
        if body.isEmpty, !reserveBody() { return false }
        guard bytes.count <= bodyBytesMax - body.count else {
            breach = .bodyTooLarge(announced: nil)
            return false
        }
        guard bytes.count <= loop.configuration.bufferedBytesMax - loop.bufferedBytes else {
            breach = .memoryExhausted
            return false
        }
        loop.bufferedBytes += bytes.count
        body.append(contentsOf: bytes)
        return true
    }

    /// Makes room for the announced length, but not for more than a server has reason to be believed.
    private func reserveBody() -> Bool {
        let announced = contentLength
        if announced > bodyBytesMax {
            breach = .bodyTooLarge(announced: announced)
            return false
        }
        body.reserveCapacity(min(announced, 1 << 20))
        return true
    }

    func connected() {
        isConnected = true
        guard let host = exchange?.hostRecord else { return }
        loop.admission.becameReachable(host, resolvedAt: nil)
    }

    /// Notes that the name is resolved and that a socket is wanted for one of its addresses.
    ///
    /// - Returns: Whether the guard lets it be opened.
    func mayOpenSocket(to address: SocketAddress?) -> Bool {
        if let host = exchange?.hostRecord { loop.admission.becameReachable(host, resolvedAt: .now) }
        let verdict =
            address.map { loop.addressGuard.verdict(for: $0.ip, port: $0.port) }
            ?? .refused(reason: "not an IP address")
        guard case .refused(let reason) = verdict else {
            hasOpenedSocket = true
            return true
        }
        refusal = (address?.ip, reason)
        loop.refused.append(self)
        loop.statistics.addressesRefused += 1
        loop.logger.debug(
            "An address was refused.",
            metadata: [
                "host": "\(exchange?.target.host ?? "")", "address": "\(address?.ip.description ?? "")",
                "reason": "\(reason)",
            ]
        )
        return false
    }

    /// Notes that the system gave no socket: no fault of the host's, though libcurl will call it a failure to connect.
    func socketIsUnavailable(errno: Int32) {
        breach = .socketUnavailable(errno: errno)
        loop.logger.error("The system gives no socket.", metadata: ["errno": "\(errno)"])
    }

    // MARK: What libcurl can tell

    var status: Int { long(CURLINFO_RESPONSE_CODE) }
    var bytesReceived: Int { offset(CURLINFO_SIZE_DOWNLOAD_T) }

    /// Whether the addresses of the host are known, by its name or because it is one.
    var isNameLookedUp: Bool { offset(CURLINFO_NAMELOOKUP_TIME_T) > 0 }

    var remoteAddress: String? {
        var text: UnsafePointer<CChar>?
        guard ccurl_easy_getinfo_string(easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK, let text, text.pointee != 0
        else {
            return nil
        }
        return String(cString: text)
    }

    /// The announced length of the body, or 0.
    private var contentLength: Int { max(0, offset(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)) }

    private func long(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_easy_getinfo_long(easy, info, &value) == CURLE_OK ? value : 0
    }

    private func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return ccurl_easy_getinfo_offset(easy, info, &value) == CURLE_OK ? Int(value) : 0
    }
}
