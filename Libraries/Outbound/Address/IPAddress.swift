import Glibc

/// An IPv4 or IPv6 address as a number, without port, zone or name.
public enum IPAddress: Sendable, Hashable {
    /// The 32 bits of an IPv4 address; `0x7F00_0001` is 127.0.0.1.
    case v4(UInt32)
    /// The 128 bits of an IPv6 address; 1 is `::1`.
    case v6(UInt128)

    /// An address from its bytes in network order.
    ///
    /// - Parameter bytes: 4 bytes (IPv4) or 16 bytes (IPv6); `nil` results from any other count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// An address from its standard text, such as `192.0.2.1` or `2001:db8::1`.
    ///
    /// Abbreviated, decimal, hexadecimal and octal IPv4, brackets and zone ids are no addresses here.
    ///
    /// - Parameter text: The text; `nil` results if it is not an address.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self = .v6(withUnsafeBytes(of: &v6) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) })
    }
}

extension IPAddress: CustomStringConvertible {
    /// The standard text of the address.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten =
            switch self {
            case .v4(let number):
                withUnsafeBytes(of: number.bigEndian) {
                    inet_ntop(AF_INET, $0.baseAddress, &text, socklen_t(text.count)) != nil
                }
            case .v6(let number):
                withUnsafeBytes(of: number.bigEndian) {
                    inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count)) != nil
                }
            }
        guard isWritten else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
