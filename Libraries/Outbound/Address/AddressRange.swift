/// A block of addresses in CIDR notation, such as `10.0.0.0/8` or `fc00::/7`.
public struct AddressRange: Sendable, Hashable {
    /// The block's first address: bits below the prefix are zero.
    public let base: IPAddress

    /// How many leading bits all addresses of the block share: 0 to 32, or 0 to 128.
    public let prefixLength: Int

    /// A block from its text. A single address stands for itself, `/32` or `/128`.
    ///
    /// - Parameter text: The block; `nil` results if it is malformed or has bits set below its prefix (`10.0.0.1/8` is
    ///   more likely a mistake than a network).
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let bits = address.bitWidth
        var length = bits
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(parts[1]), number <= bits
            else { return nil }
            length = number
        }
        guard address.prefix(length) == address else { return nil }
        base = address
        prefixLength = length
    }

    init(v4 base: UInt32, _ prefixLength: Int) {
        self.base = .v4(base)
        self.prefixLength = prefixLength
    }

    init(v6 base: UInt128, _ prefixLength: Int) {
        self.base = .v6(base)
        self.prefixLength = prefixLength
    }

    /// Whether the block is one address.
    var isSingleAddress: Bool { prefixLength == base.bitWidth }

    /// Whether the address lies in the block. An IPv4 address never lies in an IPv6 block, nor the other way round.
    ///
    /// - Parameter address: The address asked about.
    /// - Returns: Whether it is one of the block's.
    public func contains(_ address: IPAddress) -> Bool {
        address.prefix(prefixLength) == base
    }
}

extension IPAddress {
    fileprivate var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The address with all bits after the first `length` set to zero.
    fileprivate func prefix(_ length: Int) -> IPAddress {
        // Swift's smart shift gives 0 when everything is shifted out, which is right for a prefix of length 0.
        switch self {
        case .v4(let number): .v4(number & ~(UInt32.max >> length))
        case .v6(let number): .v6(number & ~(UInt128.max >> length))
        }
    }
}
