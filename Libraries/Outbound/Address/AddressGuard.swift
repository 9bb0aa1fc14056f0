/// Decides which addresses may be connected to: those of the public internet, and the networks that were allowed by
/// name.
///
/// A pure value. ``OutboundClient`` asks it at the moment of connecting, for the very address that the socket will be
/// connected to, so that neither a name that resolves to something else the second time nor an unusual spelling of an
/// address leads around it. Services may ask it earlier too, to refuse a URL with a literal address when it is entered.
public struct AddressGuard: Sendable {
    /// What the guard says of an address.
    public enum Verdict: Sendable, Hashable {
        /// The address may be connected to.
        case allowed
        /// The address may not be connected to; the reason is short and fit for an error message.
        case refused(reason: String)
    }

    /// The networks that are let through whatever else they are.
    public let allowedNetworks: [AddressRange]

    /// Makes a guard.
    ///
    /// - Parameter allowedNetworks: Networks in CIDR notation to let through; empty lets through public addresses only.
    /// - Throws: ``OutboundError`` with code `invalidConfiguration` that names the network which is malformed.
    public init(allowedNetworks: [String] = []) throws(OutboundError) {
        var ranges: [AddressRange] = []
        for text in allowedNetworks {
            guard let range = AddressRange(text) else {
                throw OutboundError(
                    code: .invalidConfiguration,
                    message:
                        "allowed network “\(text)” is not in CIDR notation, such as 10.0.0.0/8, without bits below the prefix"
                )
            }
            ranges.append(range)
        }
        self.allowedNetworks = ranges
    }

    /// Judges an address.
    ///
    /// An IPv6 address that carries an IPv4 address which the network would deliver to (mapped, 6to4) is judged by the
    /// IPv4 address inside.
    ///
    /// - Parameter address: The address that is to be connected to.
    /// - Returns: Whether it may be, or why not.
    public func verdict(for address: IPAddress) -> Verdict {
        if allowedNetworks.contains(where: { $0.contains(address) }) { return .allowed }
        if let inner = address.embeddedIPv4 { return verdict(for: inner) }
        if let special = SpecialRange.all.first(where: { $0.range.contains(address) }) {
            return .refused(reason: special.name)
        }
        // Only 2000::/3 is given out as public IPv6 (RFC 4291, IANA); whatever else appears one day is refused until
        // known.
        if case .v6 = address, !SpecialRange.globalUnicast.contains(address) {
            return .refused(reason: "not global unicast")
        }
        return .allowed
    }

    /// Judges an address given as bytes in network order.
    ///
    /// - Parameter bytes: 4 or 16 bytes.
    /// - Returns: Whether it may be connected to; any other number of bytes is refused.
    public func verdict(forBytes bytes: some Collection<UInt8>) -> Verdict {
        guard let address = IPAddress(bytes: bytes) else { return .refused(reason: "not an IP address") }
        return verdict(for: address)
    }
}

extension IPAddress {
    /// The IPv4 address inside `::ffff:0:0/96` (mapped) or `2002::/16` (6to4), or `nil`.
    fileprivate var embeddedIPv4: IPAddress? {
        guard case .v6(let number) = self else { return nil }
        if number >> 32 == 0xFFFF { return .v4(UInt32(truncatingIfNeeded: number)) }
        if number >> 112 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: number >> 80)) }
        return nil
    }
}
