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

    @Test(arguments: [nil, 3])
    func aLinkIsGoodForItsRequestUntilItExpires(round: Int?) throws {
        let links = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdef"))
        let link = links.link(to: id, round: round, now: 1000)
        let signature = signature(of: link)
        func validity(
            _ signature: String, of id: ActivityRequestID, round: Int?, expires: Int64, now: Int64 = 1001
        ) -> ResultLinks.Validity {
            links.validity(ofSignature: signature, of: id, round: round, expires: expires, now: now)
        }
        #expect(validity(signature, of: id, round: round, expires: link.expires) == .valid)
        #expect(validity(signature, of: id, round: round, expires: link.expires, now: link.expires) == .expired)
        #expect(validity(signature, of: id, round: round, expires: link.expires + 1) == .forged)
        #expect(validity(signature, of: id, round: (round ?? 1) + 1, expires: link.expires) == .forged)
        #expect(validity(signature, of: ActivityRequestID(UUID()), round: round, expires: link.expires) == .forged)
        let changed = (signature.first == "0" ? "1" : "0") + signature.dropFirst()
        #expect(validity(changed, of: id, round: round, expires: link.expires) == .forged)
        #expect(validity("nonsense", of: id, round: round, expires: link.expires) == .forged)
        #expect(link.url.contains("&round=3") == (round == 3))
    }

    @Test func anotherKeyMakesOtherLinks() throws {
        let ours = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdef"))
        let theirs = try #require(ResultLinks(publicURL: "https://weir.example.com", key: "0123456789abcdeg"))
        let link = theirs.link(to: id, now: 1000)
        let validity = ours.validity(
            ofSignature: signature(of: link), of: id, expires: link.expires, now: 1001)
        #expect(validity == .forged)
    }

    @Test func aShortKeyIsRefused() {
        #expect(ResultLinks(publicURL: "https://weir.example.com", key: "short") == nil)
    }
}
