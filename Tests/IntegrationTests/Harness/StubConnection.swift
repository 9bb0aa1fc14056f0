import Foundation

/// One connection of a stub server, read and written by a thread that may block.
struct StubConnection {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next request; nil at the end of the connection.
    mutating func receive() -> StubRequest? {
        let end = Array("\r\n\r\n".utf8)
        var head: Range<Int>?
        while head == nil {
            head = unread.firstRange(of: end)
            if head == nil, !fill() { return nil }
        }
        guard let head else { return nil }
        var lines = String(decoding: unread[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")[...]
        let words = lines.removeFirst().split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        if headers["expect"] == "100-continue" { _ = write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        unread.removeSubrange(..<head.upperBound)
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while unread.count < length { if !fill() { return nil } }
        let body = Array(unread[..<length])
        unread.removeSubrange(..<length)
        return StubRequest(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    /// Does what the reply says. False when the connection is over.
    mutating func send(_ reply: StubReply) -> Bool {
        switch reply {
        case .answer(let status, let headers, let body):
            var head = "HTTP/1.1 \(status) Status\r\ncontent-length: \(body.count)\r\n"
            for header in headers { head += "\(header.name): \(header.value)\r\n" }
            return write(Array((head + "\r\n").utf8) + body)
        case .flood(let bytes, let isAnnounced):
            flood(bytes, isAnnounced: isAnnounced)
            return false
        case .late(let delay, let reply):
            // The API that this plays is slow; the connection has a thread of its own.
            usleep(useconds_t(delay / .microseconds(1)))
            return send(reply)
        case .silence:
            while fill() {}
            return false
        case .reset:
            // Closing with a linger time of zero sends RST (socket(7), SO_LINGER).
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
            return false
        }
    }

    /// The text of a body that never ends as far as anybody has the patience to read.
    private func flood(_ bytes: Int, isAnnounced: Bool) {
        let length = isAnnounced ? "content-length: \(bytes)\r\n" : "connection: close\r\n"
        guard write(Array("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\(length)\r\n\"".utf8)) else { return }
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var left = bytes - 1
        while left > 0, write(Array(chunk.prefix(left))) { left -= min(left, chunk.count) }
    }

    private mutating func fill() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            unread.append(contentsOf: buffer[..<count])
            return true
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
