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

    /// What is let through although it is not public.
    public let allowedNetworks: [AllowedNetwork]

    /// Ports that an allowed network does not let through unless its entry names them: services of the house listen there.
    public let ownPorts: Set<Int>

    /// Makes a guard.
    ///
    /// - Parameters:
    ///   - allowedNetworks: Entries of the allow list; empty lets through public addresses only.
    ///   - ownPorts: Ports at which services of the house listen.
    /// - Throws: ``OutboundError`` with code `invalidConfiguration` that names the entry which is malformed.
    public init(allowedNetworks: [String] = [], ownPorts: Set<Int> = []) throws(OutboundError) {
        var networks: [AllowedNetwork] = []
        for text in allowedNetworks {
            guard let network = AllowedNetwork(text) else {
                throw OutboundError(
                    code: .invalidConfiguration,
                    message: """
                        allowed network “\(text)” is not in CIDR notation, such as 10.0.0.0/8, without bits below the prefix, \
                        with a port (10.1.2.3:8080, [fd00::1]:8080) or without
                        """
                )
            }
            networks.append(network)
        }
        self.allowedNetworks = networks
        self.ownPorts = ownPorts
    }

    /// Judges an address and a port.
    ///
    /// An IPv6 address that carries an IPv4 address which the network would deliver to (mapped, 6to4) is judged by the
    /// IPv4 address inside. A wide network of the allow list lets neither metadata addresses nor own ports through: the
    /// former have to be allowed by their own address, the latter by an entry with the port.
    ///
    /// - Parameters:
    ///   - address: The address that is to be connected to.
    ///   - port: The port there.
    /// - Returns: Whether it may be, or why not.
    public func verdict(for address: IPAddress, port: Int) -> Verdict {
        let inner = address.embeddedIPv4
        guard let special = SpecialRange.holding(inner ?? address) else { return .allowed }
        let entries = allowedNetworks.filter { entry in
            (entry.range.contains(address) || inner.map(entry.range.contains) == true)
                && (!special.isMetadata || entry.range.isSingleAddress)
        }
        if entries.contains(where: { $0.port == port }) { return .allowed }
        guard entries.contains(where: { $0.port == nil }) else { return .refused(reason: special.name) }
        return ownPorts.contains(port) ? .refused(reason: "port \(port) belongs to Weir itself") : .allowed
    }

    /// Judges an address given as bytes in network order.
    ///
    /// - Parameters:
    ///   - bytes: 4 or 16 bytes.
    ///   - port: The port there.
    /// - Returns: Whether it may be connected to; any other number of bytes is refused.
    public func verdict(forBytes bytes: some Collection<UInt8>, port: Int) -> Verdict {
        guard let address = IPAddress(bytes: bytes) else { return .refused(reason: "not an IP address") }
        return verdict(for: address, port: port)
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
