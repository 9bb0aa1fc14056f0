import Contracts
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Links to results")
struct ResultLinksTests {
    private let id = ActivityRequestID(UUID())

    private func signature(of link: ResultLinks.Link) -> String {
        link.url.split(separator: "=").last.map(String.init) ?? ""
    }

    @Test func aLinkIsGoodForItsRequestUntilItExpires() throws {
        let links = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdef"))
        let link = links.link(to: id, now: 1000)
        let signature = signature(of: link)
        #expect(links.accepts(signature: signature, of: id, expires: link.expires, now: 1001))
        #expect(!links.accepts(signature: signature, of: id, expires: link.expires, now: link.expires))
        #expect(!links.accepts(signature: signature, of: id, expires: link.expires + 1, now: 1001))
        #expect(!links.accepts(signature: signature, of: ActivityRequestID(UUID()), expires: link.expires, now: 1001))
        #expect(!links.accepts(signature: "00" + signature.dropFirst(2), of: id, expires: link.expires, now: 1001))
        #expect(!links.accepts(signature: "nonsense", of: id, expires: link.expires, now: 1001))
    }

    @Test func anotherKeyMakesOtherLinks() throws {
        let ours = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdef"))
        let theirs = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdeg"))
        let link = theirs.link(to: id, now: 1000)
        #expect(!ours.accepts(signature: signature(of: link), of: id, expires: link.expires, now: 1001))
    }

    @Test func aShortKeyIsRefused() {
        #expect(ResultLinks(publicURL: "https://weir.example.com", key: "short") == nil)
    }
}
