extension OutboundRequest {
    /// The most bytes of a request's header fields together, and the most fields.
    static let headerBytesMax = 64 << 10
    static let headerCountMax = 256

    /// Fields that frame the message or steer the connection. They are libcurl's to set: a second, different framing is
    /// how requests are smuggled.
    private static let reservedNames: Set<String> = [
        "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding",
        "upgrade",
    ]

    /// Refuses what must not reach the wire.
    func validate(requestBytesMax: Int) throws(OutboundError) {
        try validateMethod()
        try validateHeaders()
        if let body, body.count > requestBytesMax {
            throw OutboundError(
                code: .bodyTooLarge,
                message: "the request's body has \(body.count) bytes; at most \(requestBytesMax) are sent"
            )
        }
        guard timeout > .zero, connectTimeout > .zero else {
            throw OutboundError(code: .timeout, message: "no time is left for the exchange", isRetryable: false)
        }
    }

    private func validateMethod() throws(OutboundError) {
        guard (1...32).contains(method.utf8.count), method.utf8.allSatisfy(\.isTokenByte) else {
            throw OutboundError(code: .invalidMethod, message: "the method is not an HTTP token")
        }
        let upper = method.uppercased()
        guard upper != "CONNECT", upper != "TRACE" else {
            throw OutboundError(code: .invalidMethod, message: "\(upper) is not offered")
        }
        guard upper != "HEAD" || body == nil else {
            throw OutboundError(code: .invalidMethod, message: "HEAD takes no body")
        }
    }

    private func validateHeaders() throws(OutboundError) {
        guard headers.count <= Self.headerCountMax else {
            throw Self.invalidHeader(
                "the request has \(headers.count) header fields; at most \(Self.headerCountMax) are sent")
        }
        var bytes = 0
        for (name, value) in headers {
            guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenByte) else {
                throw Self.invalidHeader("a header field's name is not an HTTP token")
            }
            guard value.utf8.allSatisfy(\.isFieldValueByte) else {
                throw Self.invalidHeader("the value of \(name.prefix(64)) holds a control character")
            }
            // Every reserved name has 2 to 17 letters; most names are settled by their first byte.
            if Self.mayBeReserved(name), Self.reservedNames.contains(name.lowercased()) {
                throw Self.invalidHeader("\(name) is set by the client itself")
            }
            bytes += name.utf8.count + value.utf8.count + 4
        }
        guard bytes <= Self.headerBytesMax else {
            throw Self.invalidHeader("the request's header has \(bytes) bytes; at most \(Self.headerBytesMax) are sent")
        }
    }

    private static func mayBeReserved(_ name: String) -> Bool {
        switch (name.utf8.first ?? 0) | 0x20 {
        case UInt8(ascii: "c"), UInt8(ascii: "e"), UInt8(ascii: "k"), UInt8(ascii: "p"), UInt8(ascii: "t"),
            UInt8(ascii: "u"):
            true
        default: false
        }
    }

    private static func invalidHeader(_ message: String) -> OutboundError {
        OutboundError(code: .invalidHeader, message: message)
    }
}

extension UInt8 {
    /// RFC 9110 section 5.6.2: `tchar`.
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// RFC 9110 section 5.5: visible characters, space, tab and bytes beyond ASCII.
    fileprivate var isFieldValueByte: Bool {
        self >= 0x20 && self != 0x7F || self == 0x09
    }
}
