import Sources
import Testing

@Suite("Addresses of pages")
struct PageAddressTests {
    private static let page = "https://api.example.com/v1/items?page=1"

    @Test(arguments: [
        ("https://api.example.com/v1/items?page=2", "https://api.example.com/v1/items?page=2"),
        ("HTTPS://API.example.com:443/v1/items?page=2", "https://api.example.com/v1/items?page=2"),
        ("//api.example.com/x", "https://api.example.com/x"),
        ("/v2/items?c=a%2Fb", "https://api.example.com/v2/items?c=a%2Fb"),
        ("?page=2", "https://api.example.com/v1/items?page=2"),
        ("more?page=2", "https://api.example.com/v1/more?page=2"),
        ("../v2/./items", "https://api.example.com/v2/items"),
        ("../../../../x", "https://api.example.com/x"),
        (" /v1/items?q=a b#there ", "https://api.example.com/v1/items?q=a%20b"),
        ("/v1/a:b", "https://api.example.com/v1/a:b"),
        ("https://api.example.com", "https://api.example.com/"),
        ("https://api.example.com?x=1", "https://api.example.com/?x=1"),
        ("", "https://api.example.com/v1/items?page=1"),
    ])
    func referencesAreResolved(_ reference: String, _ address: String) throws {
        #expect(try PageAddress.resolve(reference, on: Self.page) == address)
    }

    @Test(arguments: [
        "https://evil.example.com/v1/items", "http://api.example.com/v1/items", "https://api.example.com:8443/",
        "//evil.example.com/", "https://api.example.com@evil.example.com/", "https://api.example.com.evil.example/",
        "https://user:pass@api.example.com/", "ftp://api.example.com/", "javascript:alert(1)", "https:/v1/items",
        "https:///v1", "data:text/plain,x",
    ])
    func credentialsGoNowhereElse(_ reference: String) {
        #expect(throws: PageRefusal.self) { try PageAddress.resolve(reference, on: Self.page) }
    }

    /// The server is always the one that the source names, however a reference tries to hide another.
    @Test(arguments: [
        #"https://api.example.com\@evil.example.com/"#, #"/\evil.example.com"#, "/\r\nHost: evil",
        "\t//api.example.com/x",
        "https://api.example.com/@evil.example.com",
    ])
    func whateverComesOfItIsAtTheSameServer(_ reference: String) {
        guard let address = try? PageAddress.resolve(reference, on: Self.page) else { return }
        #expect(address.hasPrefix("https://api.example.com/"))
        #expect(address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }, "\(address)")
    }

    @Test func portsOfIPv6AddressesAreCompared() throws {
        #expect(try PageAddress.resolve("http://[::1]:80/b", on: "http://[::1]/a") == "http://[::1]/b")
        #expect(throws: PageRefusal.self) { try PageAddress.resolve("http://[::1]:81/b", on: "http://[::1]/a") }
        #expect(throws: PageRefusal.self) { try PageAddress.resolve("http://[::2]/b", on: "http://[::1]/a") }
    }

    @Test func aParameterIsSetOnce() {
        #expect(PageAddress.setting("page", to: "2", in: "http://a/x") == "http://a/x?page=2")
        #expect(
            PageAddress.setting("page", to: "2", in: "http://a/x?page=1&q=a%26b&page=9") == "http://a/x?q=a%26b&page=2")
        #expect(PageAddress.setting("a b", to: "c&d", in: "http://a/x?a%20b=1") == "http://a/x?a%20b=c%26d")
        #expect(PageAddress.setting("pages", to: "2", in: "http://a/x?page=1") == "http://a/x?page=1&pages=2")
        #expect(PageAddress.setting("key", to: "***", in: "http://a/", shown: true) == "http://a/?key=***")
    }
}
