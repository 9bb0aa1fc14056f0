import Foundation

/// Ports on loopback that nobody listens on.
enum FreePort {
    /// A free port below those from which the kernel takes the ports of outgoing connections, so that none of them takes it between
    /// this choice and its use.
    static func choose() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: 10_000..<32_000)
            if let listener = try? ListeningSocket(port: UInt16(port)) {
                listener.close()
                return port
            }
        }
        throw HarnessError("no free port on 127.0.0.1")
    }
}
