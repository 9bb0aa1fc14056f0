import Glibc
import Testing

@testable import Messaging

@Suite("Peers that hang up")
struct HangUpTests {
    /// Libzmq's own heartbeats would end the process here: their timer writes to the connection that was given up.
    @Test func aPeerThatFillsItsPipeAndHangsUpEndsNothingButItsConnection() async {
        await #expect(processExitsWith: .success) {
            var options = SocketOptions()
            options.receiveHighWaterMark = 1
            options.heartbeat = .milliseconds(100)
            let server = try SocketHandle.open(.router, options: options, in: try ZeroMQContext())
            let endpoint = try server.bind(Endpoint(parsing: "tcp://127.0.0.1:*"), security: .none)
            let port = try #require(endpoint.description.split(separator: ":").last.flatMap { UInt16($0) })
            // Libzmq's thread tells nobody how far it is, hence the pauses: too short a one makes the test easier to pass, never to fail.
            // Nobody receives: after two messages libzmq stops reading from this peer.
            let peer = try #require(RawZMTPPeer(port: port))
            peer.greet()
            try await Task.sleep(for: .milliseconds(100))
            for _ in 0..<100 { peer.write([0x00, 0x01, 0x2A]) }
            try await Task.sleep(for: .milliseconds(100))
            // What the server has sent is unread, so that this resets the connection.
            peer.close()
            // Several beats of the heart, after which the socket is still of use.
            try await Task.sleep(for: .milliseconds(500))
            try server.bind(Endpoint(parsing: "tcp://127.0.0.1:*"), security: .none)
        }
    }
}

/// A connection that speaks just enough ZMTP 3.0 (RFC 23) to be taken for a DEALER, and never reads.
private struct RawZMTPPeer {
    private let descriptor: Int32

    init?(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return nil }
    }

    /// Signature, version, mechanism NULL, and the command READY.
    func greet() {
        let mechanism = Array("NULL".utf8) + [UInt8](repeating: 0, count: 16)
        write([0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0] + mechanism + [UInt8](repeating: 0, count: 32))
        let property = [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
        let ready = [5] + Array("READY".utf8) + property
        write([0x04, UInt8(ready.count)] + ready)
    }

    func write(_ bytes: [UInt8]) {
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func close() {
        _ = Glibc.close(descriptor)
    }
}
