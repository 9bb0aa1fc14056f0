import Glibc

/// The address and the port that a socket is about to be connected to.
struct SocketAddress: Sendable, Hashable {
    let ip: IPAddress
    let port: Int

    /// From a socket address as the resolver gives it, or `nil` for another family or a short buffer.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sockaddr>.size else { return nil }
        let family = bytes.loadUnaligned(
            fromByteOffset: MemoryLayout<sockaddr>.offset(of: \.sa_family) ?? 0,
            as: sa_family_t.self
        )
        switch Int32(family) {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            let address = bytes.loadUnaligned(as: sockaddr_in.self)
            ip = .v4(UInt32(bigEndian: address.sin_addr.s_addr))
            port = Int(UInt16(bigEndian: address.sin_port))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            var address = bytes.loadUnaligned(as: sockaddr_in6.self)
            ip = .v6(
                withUnsafeBytes(of: &address.sin6_addr) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
            port = Int(UInt16(bigEndian: address.sin6_port))
        default:
            return nil
        }
    }
}
