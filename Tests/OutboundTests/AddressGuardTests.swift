import Outbound
import Testing

@Suite("Address guard")
struct AddressGuardTests {
    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "100.100.100.200",
        "127.0.0.0", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.1", "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0", "255.255.255.254", "255.255.255.255",
        "::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:168.63.129.16",
        "::ffff:0:127.0.0.1", "64:ff9b::", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
        "100::1",
        "1::1", "2001::1", "2001:0:ffff::1", "2001:2::1", "2001:10::1", "2001:1ff:ffff::1", "2001:db8::1",
        "2002:a00:1::",
        "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254",
        "fd20:ce::254", "fdff::1",
        "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ])
    func refusesWhatIsNotPublic(text: String) throws {
        let address = try #require(IPAddress(text))
        let verdict = try AddressGuard().verdict(for: address, port: 443)
        #expect(verdict != .allowed)
    }

    @Test(arguments: [
        "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "191.255.255.255", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8", "2001:200::1", "2001:4860:4860::8888", "2002:808:808::1", "2606:4700:4700::1111", "2a00::1",
        "3ffe::1",
    ])
    func allowsWhatIsPublic(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(try AddressGuard().verdict(for: address, port: 443) == .allowed)
    }

    @Test func allowListIsExact() throws {
        let addressGuard = try AddressGuard(allowedNetworks: ["10.1.0.0/16", "fd12::/16", "192.168.7.7"])
        func isAllowed(_ text: String) throws -> Bool {
            try addressGuard.verdict(for: #require(IPAddress(text)), port: 443) == .allowed
        }
        #expect(try isAllowed("10.1.0.0"))
        #expect(try isAllowed("10.1.255.255"))
        #expect(try isAllowed("::ffff:10.1.2.3"))
        #expect(try isAllowed("2002:a01:203::1"))
        #expect(try isAllowed("fd12::9"))
        #expect(try isAllowed("192.168.7.7"))
        #expect(try !isAllowed("10.0.255.255"))
        #expect(try !isAllowed("10.2.0.0"))
        #expect(try !isAllowed("::10.1.2.3"))
        #expect(try !isAllowed("fd13::9"))
        #expect(try !isAllowed("192.168.7.8"))
        #expect(try !isAllowed("127.0.0.1"))
    }

    @Test func wholeInternetCanBeAllowedPerFamily() throws {
        let addressGuard = try AddressGuard(allowedNetworks: ["0.0.0.0/0"])
        #expect(try addressGuard.verdict(for: #require(IPAddress("127.0.0.1")), port: 443) == .allowed)
        #expect(try addressGuard.verdict(for: #require(IPAddress("::1")), port: 443) != .allowed)
    }

    @Test func entryWithAPortLetsThatPortThroughOnly() throws {
        let addressGuard = try AddressGuard(
            allowedNetworks: ["10.1.0.0/16:8080", "[fd12::/16]:443", "127.0.0.0/8", "127.0.0.1:5432"],
            ownPorts: [5432, 8080])
        func verdict(_ text: String, _ port: Int) throws -> AddressGuard.Verdict {
            try addressGuard.verdict(for: #require(IPAddress(text)), port: port)
        }
        #expect(try verdict("10.1.2.3", 8080) == .allowed)
        #expect(try verdict("::ffff:10.1.2.3", 8080) == .allowed)
        #expect(try verdict("10.1.2.3", 8081) == .refused(reason: "private"))
        #expect(try verdict("fd12::1", 443) == .allowed)
        #expect(try verdict("fd12::1", 80) == .refused(reason: "unique local"))
        #expect(try verdict("127.0.0.1", 80) == .allowed)
        #expect(try verdict("127.0.0.1", 8080) == .refused(reason: "port 8080 belongs to Weir itself"))
        #expect(try verdict("::ffff:127.0.0.1", 8080) == .refused(reason: "port 8080 belongs to Weir itself"))
        #expect(try verdict("127.0.0.1", 5432) == .allowed)
        #expect(try verdict("127.0.0.2", 5432) != .allowed)
        // What is public needs no allowing, and what is Weir's own there is open to everybody.
        #expect(try verdict("8.8.8.8", 8080) == .allowed)
    }

    @Test(arguments: [
        ("169.254.0.0/16", "169.254.169.254"), ("100.64.0.0/10", "100.100.100.200"), ("192.0.0.0/24", "192.0.0.192"),
        ("0.0.0.0/0", "168.63.129.16"), ("0.0.0.0/0", "::ffff:169.254.169.254"), ("fd00::/8", "fd00:ec2::254"),
        ("fd20::/16", "fd20:ce::254"),
    ])
    func metadataIsAllowedByItsOwnAddressOnly(network: String, text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(
            try AddressGuard(allowedNetworks: [network]).verdict(for: address, port: 80)
                == .refused(reason: "cloud metadata"))
        let own = text.replacing("::ffff:", with: "")
        #expect(try AddressGuard(allowedNetworks: [own]).verdict(for: address, port: 80) == .allowed)
    }

    /// Each in its range only, so that none can be missed: some lie in a wider one, or outside of what is given out, and would be refused
    /// for that.
    @Test(arguments: [
        ("169.254.169.254", "cloud metadata"), ("168.63.129.16", "cloud metadata"),
        ("100.100.100.200", "cloud metadata"), ("192.0.0.192", "cloud metadata"), ("0.1.2.3", "this network"),
        ("10.1.2.3", "private"), ("100.64.0.1", "shared address space"), ("127.0.0.1", "loopback"),
        ("169.254.1.1", "link-local"), ("172.16.0.1", "private"), ("192.0.0.1", "protocol assignments"),
        ("192.0.2.1", "documentation"), ("192.88.99.1", "6to4 relay"), ("192.168.0.1", "private"),
        ("198.18.0.1", "benchmarking"), ("198.51.100.1", "documentation"), ("203.0.113.1", "documentation"),
        ("224.0.0.1", "multicast"), ("255.255.255.255", "broadcast"), ("240.0.0.1", "reserved"),
        ("fd00:ec2::254", "cloud metadata"), ("fd20:ce::254", "cloud metadata"), ("::", "unspecified"),
        ("::1", "loopback"), ("::8.8.8.8", "IPv4-compatible"), ("::ffff:0:8.8.8.8", "IPv4-translated"),
        ("64:ff9b::8.8.8.8", "NAT64"), ("64:ff9b:1::1", "NAT64"), ("100::1", "discard only"), ("2001::1", "Teredo"),
        ("2001:2::1", "protocol assignments"), ("2001:db8::1", "documentation"), ("3fff::1", "documentation"),
        ("5f00::1", "segment routing"), ("fc00::1", "unique local"), ("fe80::1", "link-local"),
        ("fec0::1", "site-local"), ("ff02::1", "multicast"), ("4000::1", "not global unicast"),
    ])
    func everyRangeIsKnownByItsName(text: String, name: String) throws {
        let address = try #require(IPAddress(text))
        #expect(try AddressGuard().verdict(for: address, port: 443) == .refused(reason: name))
    }

    @Test func reasonNamesTheRange() throws {
        let addressGuard = try AddressGuard()
        #expect(addressGuard.verdict(forBytes: [169, 254, 169, 254], port: 443) == .refused(reason: "cloud metadata"))
        #expect(addressGuard.verdict(forBytes: [127, 0, 0, 1], port: 443) == .refused(reason: "loopback"))
        #expect(addressGuard.verdict(forBytes: [8, 8, 8, 8], port: 443) == .allowed)
        #expect(addressGuard.verdict(forBytes: [127, 0, 0], port: 443) == .refused(reason: "not an IP address"))
        #expect(addressGuard.verdict(forBytes: [], port: 443) == .refused(reason: "not an IP address"))
    }

    @Test(arguments: [
        "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1 ", "[::1]", "fe80::1%eth0", "1.2.3.4.5", "", "a",
    ])
    func otherSpellingsAreNoAddresses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1", "::", "::ffff:192.0.2.1", "255.255.255.255"])
    func textComesBackAsItWas(text: String) {
        #expect(IPAddress(text)?.description == text)
    }
}
