import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Finds ports on loopback that nobody listens on.
enum FreePorts {
    /// Chooses `count` different free ports, the first of them `preferred` when that is given and free.
    ///
    /// They lie below the range from which the kernel takes the ports of outgoing connections, so that none of those takes one
    /// between the choice and its use, and begin at a random place, so that two instances that start at once do not meet.
    ///
    /// - Throws: ``UpError`` when `preferred` is in use, or too few are free.
    static func choose(_ count: Int, preferred: Int? = nil) throws(UpError) -> [Int] {
        var held: [Int32] = []
        defer { for descriptor in held { close(descriptor) } }
        var ports: [Int] = []
        if let preferred {
            guard let descriptor = listenOnce(preferred) else { throw inUse(preferred) }
            held.append(descriptor)
            ports.append(preferred)
        }
        let lowest = 10_000
        let span = max(firstEphemeralPort() - lowest, 1_000)
        let start = Int.random(in: 0..<span)
        for step in 0..<span where ports.count < count {
            let port = lowest + (start + step) % span
            guard port != preferred, let descriptor = listenOnce(port) else { continue }
            held.append(descriptor)
            ports.append(port)
        }
        guard ports.count == count else {
            throw UpError("Fewer than \(count) ports are free on 127.0.0.1", remedy: "End programs that listen there")
        }
        return ports
    }

    /// Whether nobody listens on a port.
    static func isFree(_ port: Int) -> Bool {
        guard let descriptor = listenOnce(port) else { return false }
        close(descriptor)
        return true
    }

    /// What there is to say about a port that was asked for and is taken.
    static func inUse(_ port: Int) -> UpError {
        UpError("Port \(port) on 127.0.0.1 is in use", remedy: "Choose another one, or none for any free port")
    }

    /// A descriptor that is bound to the port and listens, or nil when it is taken. With SO_REUSEADDR, as the services listen: a port
    /// that only remembers connections of a moment ago is free, one on which somebody listens on any address is not (socket(7)).
    private static func listenOnce(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var reuses: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<Int32>.size))
        var address = LoopbackAddress.make(port: port)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 1) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// The lower end of `ip_local_port_range` (ip(7)); 32768 where it cannot be read.
    private static func firstEphemeralPort() -> Int {
        let text = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        return text.flatMap { Int($0.prefix(while: \.isNumber)) } ?? 32_768
    }
}

/// An address on 127.0.0.1.
enum LoopbackAddress {
    /// The address of a port, ready for bind(2) and connect(2).
    static func make(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
