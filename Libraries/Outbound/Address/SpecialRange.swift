/// A block of addresses that are not, or not surely, on the public internet.
///
/// Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), and the metadata addresses of the
/// large clouds.
struct SpecialRange: Sendable {
    let range: AddressRange
    let name: String

    private static let globalUnicast = AddressRange(v6: 0x2000 << 112, 3)

    /// The block that an address lies in which is not on the public internet; nil for a public one.
    static func holding(_ address: IPAddress) -> SpecialRange? {
        if let special = all.first(where: { $0.range.contains(address) }) { return special }
        // Only 2000::/3 is given out as public IPv6 (RFC 4291, IANA); whatever else appears one day is refused until
        // known.
        if case .v6 = address, !globalUnicast.contains(address) { return unknown }
        return nil
    }

    private static let unknown = SpecialRange(range: AddressRange(v6: 0, 0), name: "not global unicast")
    private static let metadata = "cloud metadata"

    /// Whether credentials of the machine are given away there. It has to be allowed by its own address.
    var isMetadata: Bool { name == Self.metadata }

    // Narrow ranges stand before the wide ones that hold them, for the sake of the name that a user reads.
    static let all: [SpecialRange] = [
        v4(0xA9FE_A9FE, 32, metadata),  // 169.254.169.254
        v4(0xA83F_8110, 32, metadata),  // 168.63.129.16 (Azure), in public space
        v4(0x6464_64C8, 32, metadata),  // 100.100.100.200 (Alibaba)
        v4(0xC000_00C0, 32, metadata),  // 192.0.0.192 (Oracle)
        v4(0x0000_0000, 8, "this network"),
        v4(0x0A00_0000, 8, "private"),
        v4(0x6440_0000, 10, "shared address space"),
        v4(0x7F00_0000, 8, "loopback"),
        v4(0xA9FE_0000, 16, "link-local"),
        v4(0xAC10_0000, 12, "private"),
        v4(0xC000_0000, 24, "protocol assignments"),
        v4(0xC000_0200, 24, "documentation"),
        v4(0xC058_6300, 24, "6to4 relay"),
        v4(0xC0A8_0000, 16, "private"),
        v4(0xC612_0000, 15, "benchmarking"),
        v4(0xC633_6400, 24, "documentation"),
        v4(0xCB00_7100, 24, "documentation"),
        v4(0xE000_0000, 4, "multicast"),
        v4(0xFFFF_FFFF, 32, "broadcast"),
        v4(0xF000_0000, 4, "reserved"),

        v6(0xFD00_0EC2 << 96 | 0x254, 128, metadata),  // fd00:ec2::254 (Amazon)
        v6(0xFD20_00CE << 96 | 0x254, 128, metadata),  // fd20:ce::254 (Google)
        v6(0, 128, "unspecified"),
        v6(1, 128, "loopback"),
        v6(0, 96, "IPv4-compatible"),
        v6(0xFFFF << 48, 96, "IPv4-translated"),  // ::ffff:0:0:0/96
        v6(0x0064_FF9B << 96, 96, "NAT64"),
        v6(0x0064_FF9B_0001 << 80, 48, "NAT64"),
        v6(0x0100 << 112, 64, "discard only"),
        v6(0x2001_0000 << 96, 32, "Teredo"),
        v6(0x2001_0000 << 96, 23, "protocol assignments"),
        v6(0x2001_0DB8 << 96, 32, "documentation"),
        v6(0x3FFF_0000 << 96, 20, "documentation"),
        v6(0x5F00 << 112, 16, "segment routing"),
        v6(0xFC00 << 112, 7, "unique local"),
        v6(0xFE80 << 112, 10, "link-local"),
        v6(0xFEC0 << 112, 10, "site-local"),
        v6(0xFF00 << 112, 8, "multicast"),
    ]

    private static func v4(_ base: UInt32, _ length: Int, _ name: String) -> SpecialRange {
        SpecialRange(range: AddressRange(v4: base, length), name: name)
    }

    private static func v6(_ base: UInt128, _ length: Int, _ name: String) -> SpecialRange {
        SpecialRange(range: AddressRange(v6: base, length), name: name)
    }
}
