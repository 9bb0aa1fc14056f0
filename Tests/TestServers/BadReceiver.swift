/// A webhook endpoint as nobody wants it.
public enum BadReceiver: Sendable, Hashable {
    /// Takes the request and says nothing.
    case silence
    /// Sends an answer at a byte a second.
    case drip
    /// Sends a body without end.
    case endlessBody
    /// Sends 53 kB that become 8 MiB.
    case gzipBomb
    /// Sends 10,000 header fields.
    case manyHeaders
    /// Resets the connection in the middle of its answer.
    case reset
    /// Answers when the sender has given up.
    case late
    /// Has no time, and says when to come again.
    case unavailable(retryAfter: String)
    /// Answers 429 to everything.
    case tooManyRequests
    /// Answers 500 with all that it was sent, and with a text of its own, such as the secret that both know.
    case echo(String)
    /// Sends the sender elsewhere.
    case redirect(String)
    /// Is not there any more.
    case gone

    /// What it does to a connection.
    public func serve(_ connection: RawConnection) {
        while let request = connection.readRequest(), answer(request, connection) {}
    }

    /// - Returns: whether it goes on with the connection.
    private func answer(_ request: [UInt8], _ connection: RawConnection) -> Bool {
        switch self {
        case .silence:
            connection.waitForClose()
            return false
        case .drip:
            let answer =
                "HTTP/1.1 200 OK\r\nX-Slow: \(String(repeating: "a", count: 1_000))\r\nContent-Length: 0\r\n\r\n"
            for byte in answer.utf8 {
                guard connection.write([byte]), !connection.waitForClose(milliseconds: 1_000) else { return false }
            }
            return true
        case .endlessBody:
            let chunk = "10000\r\n\(String(repeating: "x", count: 0x10000))\r\n"
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while connection.write(chunk) {}
            return false
        case .gzipBomb:
            return connection.answer("200 OK", headers: ["Content-Encoding: gzip"], body: GzipBomb.bytes(8 << 20))
        case .manyHeaders:
            connection.write("HTTP/1.1 200 OK\r\n" + String(repeating: "a:\r\n", count: 10_000) + "\r\n")
            connection.waitForClose()
            return false
        case .reset:
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")
            connection.resetOnClose()
            return false
        case .late:
            connection.waitForClose()
            connection.answer("200 OK")
            return false
        case .unavailable(let retryAfter):
            return connection.answer("503 Service Unavailable", headers: ["Retry-After: \(retryAfter)"])
        case .tooManyRequests: return connection.answer("429 Too Many Requests")
        case .echo(let text):
            return connection.answer(
                "500 Internal Server Error", headers: ["X-Echo: \(text)"], body: request + Array("\n\(text)\n".utf8))
        case .redirect(let target): return connection.answer("302 Found", headers: ["Location: \(target)"])
        case .gone: return connection.answer("410 Gone")
        }
    }
}

/// Gzip (RFC 1951, RFC 1952) of zeros: 258 of them for every 13 bits.
enum GzipBomb {
    static func bytes(_ expandedBytes: Int) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var free = 0
        func write(_ bits: UInt8, _ count: Int) {
            for index in 0..<count {
                if free == 0 { bytes.append(0) }
                if free == 0 { free = 8 }
                bytes[bytes.count - 1] |= (bits >> index & 1) << (8 - free)
                free -= 1
            }
        }
        write(0b011, 3)  // last block, fixed Huffman codes
        write(0b0000_1100, 8)  // literal 0 is 00110000, most significant bit first
        for _ in 0..<(expandedBytes / 258) {
            write(0b1010_0011, 8)  // length 258 is 11000101, most significant bit first
            write(0, 5)  // distance 1
        }
        return bytes
    }
}
