internal import CCurl
import Glibc

/// The errors that the client itself makes. Messages begin with the host; the path and the query never appear.
extension OutboundError {
    init(_ code: Code, _ exchange: Exchange, _ what: String, isRetryable: Bool? = nil, mayHaveBeenSent: Bool = false) {
        self.init(
            code: code,
            message: "\(exchange.target.host): \(what)",
            isRetryable: isRetryable,
            mayHaveBeenSent: mayHaveBeenSent,
            duration: exchange.startedAt.duration(to: .now)
        )
    }

    init(systemCall: String, errno: Int32) {
        self.init(code: .network, message: "\(systemCall): \(String(cString: strerror(errno)))")
    }

    static func closed(_ exchange: Exchange) -> OutboundError {
        OutboundError(.closed, exchange, "the client was closed", mayHaveBeenSent: exchange.mayHaveBeenSent)
    }

    static func cancelled(_ exchange: Exchange) -> OutboundError {
        OutboundError(.cancelled, exchange, "the task was cancelled", mayHaveBeenSent: exchange.mayHaveBeenSent)
    }

    static func queueFull(_ exchange: Exchange, max: Int) -> OutboundError {
        OutboundError(.overloaded, exchange, "\(max) requests wait already, which is the most")
    }

    static func waitedTooLong(_ exchange: Exchange) -> OutboundError {
        OutboundError(.timeout, exchange, "no connection became free within \(exchange.request.timeout)")
    }

    /// The same failure, for another exchange that waited for the same thing.
    func shared(by exchange: Exchange) -> OutboundError {
        OutboundError(
            code: code,
            message: message,
            isRetryable: isRetryable,
            duration: exchange.startedAt.duration(to: .now)
        )
    }
}

extension OutboundError {
    /// Reads a code of libcurl in the light of what the transfer saw.
    init(curl code: CURLcode, _ exchange: Exchange, transfer: Transfer?) {
        if let breach = transfer?.breach {
            self.init(breach: breach, exchange, configuration: transfer?.loop.configuration)
            return
        }
        let wasConnected = transfer?.isConnected ?? false
        let detail = transfer?.errorText ?? String(cString: curl_easy_strerror(code))
        func error(_ code: Code, _ what: String, isRetryable: Bool? = nil) -> OutboundError {
            OutboundError(code, exchange, what, isRetryable: isRetryable, mayHaveBeenSent: wasConnected)
        }
        switch code {
        case CURLE_OPERATION_TIMEDOUT where !wasConnected:
            let limit = min(exchange.request.connectTimeout, exchange.request.timeout)
            // Another machine is at fault, and somebody else has to look after it.
            let isNameKnown = transfer?.isNameLookedUp ?? true
            self = error(
                .timeout,
                isNameKnown ? "no connection within \(limit)" : "the name could not be looked up within \(limit)")
        case CURLE_OPERATION_TIMEDOUT:
            let bytes = transfer?.bytesReceived ?? 0
            self = error(
                .timeout,
                "no whole answer within \(exchange.request.timeout); \(bytes == 1 ? "1 byte" : "\(bytes) bytes") of body came"
            )
        case CURLE_COULDNT_RESOLVE_HOST:
            self = error(.nameResolution, "the name has no address, or no name server answered")
        case CURLE_COULDNT_CONNECT where transfer?.isRefused == true:
            let refusal = transfer?.refusal
            let address = refusal?.address?.description ?? "the address"
            self = error(
                .addressRefused, "\(address) is not an address to connect to (\(refusal?.reason ?? "unknown"))")
        case CURLE_COULDNT_CONNECT:
            self = error(.connect, detail)
        case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED, CURLE_BAD_FUNCTION_ARGUMENT:
            self = error(.invalidURL, "libcurl cannot use the URL")
        case CURLE_UNSUPPORTED_PROTOCOL where !wasConnected:
            self = error(.invalidURL, "neither http nor https")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
            self = error(.tls, detail)
        case CURLE_SSL_CONNECT_ERROR:
            // Overloaded servers break the handshake off, too.
            self = error(.tls, detail, isRetryable: true)
        case CURLE_OUT_OF_MEMORY where wasConnected && transfer?.body.isEmpty == true,
            CURLcode(rawValue: 100) where wasConnected && transfer?.body.isEmpty == true:
            // What libcurl 7.88 says, and 8.6 and later (CURLE_TOO_LARGE, which older headers lack), of a header line longer
            // than its own bound, CURL_MAX_HTTP_HEADER.
            self = error(.headersTooLarge, "a line of the answer's header is longer than \(CURL_MAX_HTTP_HEADER) bytes")
        default:
            self = error(.network, detail)
        }
    }

    private init(breach: Transfer.Breach, _ exchange: Exchange, configuration: OutboundClient.Configuration?) {
        let configuration = configuration ?? OutboundClient.Configuration()
        switch breach {
        case .bodyTooLarge(let announced):
            let limit = min(exchange.request.responseBytesMax, configuration.responseBytesMax)
            let size = announced.map { "has \($0) bytes" } ?? "is larger than the limit"
            self.init(
                .bodyTooLarge, exchange, "the answer's body \(size); at most \(limit) bytes are taken",
                mayHaveBeenSent: true)
        case .headersTooLarge:
            let limits = "\(configuration.headerBytesMax) bytes in \(configuration.headerCountMax) fields"
            self.init(.headersTooLarge, exchange, "the answer's header is larger than \(limits)", mayHaveBeenSent: true)
        case .encodingRefused(let reason):
            self.init(.network, exchange, reason, isRetryable: false, mayHaveBeenSent: true)
        case .bodyDamaged:
            self.init(.network, exchange, "the answer's compressed body is damaged", mayHaveBeenSent: true)
        case .memoryExhausted:
            let limit = configuration.bufferedBytesMax
            self.init(
                .overloaded, exchange, "all answers in progress together exceed \(limit) bytes", mayHaveBeenSent: true)
        case .socketUnavailable(let number):
            self.init(.overloaded, exchange, "the system gives no socket: \(String(cString: strerror(number)))")
        }
    }
}

extension Exchange {
    /// Whether a connection stands or stood. Asked on the loop's thread, or after its end.
    fileprivate var mayHaveBeenSent: Bool {
        if case .running(let transfer) = stage { transfer.isConnected } else { false }
    }
}

extension Transfer {
    /// libcurl's own words, which name hosts, ports and causes; `nil` if it found none.
    fileprivate var errorText: String? {
        errorBuffer.pointee == 0 ? nil : String(cString: errorBuffer)
    }
}
