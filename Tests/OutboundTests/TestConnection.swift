import Glibc

/// A request as it came over the wire.
struct ReceivedRequest: Sendable {
    var line: String
    var headers: [String]
    var body: [UInt8]

    func header(_ name: String) -> String? {
        let prefix = name.lowercased() + ":"
        guard let line = headers.first(where: { $0.lowercased().hasPrefix(prefix) }) else { return nil }
        return String(line.dropFirst(prefix.count).drop { $0 == " " })
    }
}

/// The server's end of a connection. Calls block.
final class TestConnection {
    private let descriptor: Int32
    private var buffered: [UInt8] = []
    private(set) var bytesWritten = 0

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// The next request, or `nil` when the client has closed.
    func readRequest() -> ReceivedRequest? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let index = buffered.indices.first(where: { buffered[$0...].starts(with: end) }) {
                let lines = String(decoding: buffered[..<index], as: UTF8.self).split(separator: "\r\n").map(
                    String.init)
                buffered.removeSubrange(..<(index + 4))
                var request = ReceivedRequest(line: lines.first ?? "", headers: Array(lines.dropFirst()), body: [])
                let length = request.header("Content-Length").flatMap { Int($0) } ?? 0
                while buffered.count < length { guard receive() else { return nil } }
                request.body = Array(buffered[..<length])
                buffered.removeSubrange(..<length)
                return request
            }
            guard receive() else { return nil }
        }
    }

    private func receive() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffered.append(contentsOf: bytes[..<count])
        return true
    }

    /// Writes all bytes; `false` when the client is gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
            bytesWritten += count
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool {
        write(Array(text.utf8))
    }

    /// Answers 200 with a body and its length.
    @discardableResult
    func answer(_ body: [UInt8], status: String = "200 OK", headers: [String] = []) -> Bool {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers
        return write(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }

    @discardableResult
    func answer(_ body: String, status: String = "200 OK", headers: [String] = []) -> Bool {
        answer(Array(body.utf8), status: status, headers: headers)
    }

    /// Answers every request alike until the client closes.
    func answerAll(_ body: String) {
        while readRequest() != nil { answer(body) }
    }

    /// Waits until the client closes, at most that long.
    ///
    /// - Returns: Whether it has closed.
    @discardableResult
    func waitForClose(milliseconds: Int32 = -1) -> Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, milliseconds) > 0 else { return false }
        return !receive()
    }

    /// Makes the coming close a reset instead of an orderly end.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
