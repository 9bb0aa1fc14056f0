import Foundation

/// The server's end of a connection. Calls block.
public final class RawConnection {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// The next request with its body, as it came; nil when the client has gone.
    public func readRequest() -> [UInt8]? {
        let end = Array("\r\n\r\n".utf8)
        var head = unread.firstRange(of: end)
        while head == nil {
            guard receive() else { return nil }
            head = unread.firstRange(of: end)
        }
        guard let head else { return nil }
        let lines = String(decoding: unread[..<head.lowerBound], as: UTF8.self).lowercased().components(
            separatedBy: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) }
        let size = head.upperBound + (length ?? 0)
        while unread.count < size { guard receive() else { return nil } }
        defer { unread.removeSubrange(..<size) }
        return Array(unread[..<size])
    }

    /// Writes all bytes; false when the client has gone.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Writes a text.
    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// A whole answer.
    @discardableResult
    public func answer(_ status: String, headers: [String] = [], body: [UInt8] = []) -> Bool {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers
        return write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    /// Waits until the client closes, at most that long.
    ///
    /// - Returns: whether it has closed.
    @discardableResult
    public func waitForClose(milliseconds: Int32 = -1) -> Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&poller, 1, milliseconds) > 0 { if !receive() { return true } }
        return false
    }

    /// Makes the coming close a reset instead of an orderly end.
    public func resetOnClose() {
        // Closing with a linger time of zero sends RST (socket(7), SO_LINGER).
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    private func receive() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            unread += buffer[..<count]
            return true
        }
    }
}
