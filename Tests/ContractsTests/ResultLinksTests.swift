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

    private func links(_ key: String, old: [String] = []) throws -> ResultLinks {
        ResultLinks(
            publicURL: "https://weir.example.com", keys: try #require(SigningKeys(current: key, old: old)))
    }

    private func signature(of link: ResultLinks.Link) -> String {
        link.url.split(separator: "=").last.map(String.init) ?? ""
    }

    @Test(arguments: [nil, 3])
    func aLinkIsGoodForItsRequestUntilItExpires(round: Int?) throws {
        let links = try links("0123456789abcdef")
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
        let ours = try links("0123456789abcdef")
        let theirs = try links("0123456789abcdeg")
        let link = theirs.link(to: id, now: 1000)
        let validity = ours.validity(
            ofSignature: signature(of: link), of: id, expires: link.expires, now: 1001)
        #expect(validity == .forged)
    }

    @Test func aLinkOfAnOldKeyIsGoodForItsLifeAndTheNewOneSigns() throws {
        let before = try links("0123456789abcdef")
        let after = try links("an entirely new key", old: ["another old key 1", "0123456789abcdef"])
        let link = before.link(to: id, now: 1000)
        func validity(now: Int64) -> ResultLinks.Validity {
            after.validity(ofSignature: signature(of: link), of: id, expires: link.expires, now: now)
        }
        #expect(validity(now: 1001) == .valid && validity(now: link.expires) == .expired)
        let next = after.link(to: id, now: 1000)
        #expect(next.url == (try links("an entirely new key").link(to: id, now: 1000)).url)
        #expect(before.validity(ofSignature: signature(of: next), of: id, expires: next.expires, now: 1001) == .forged)
    }

    @Test func aCallbackOfAnOldKeyIsAcceptedToo() throws {
        let exchange = RunRequestID(UUID())
        func links(_ key: String, old: [String] = []) throws -> CallbackLinks {
            CallbackLinks(publicURL: "https://w.example", keys: try #require(SigningKeys(current: key, old: old)))
        }
        let url = try links("0123456789abcdef").link(to: exchange, expires: 2000)
        let signature = url.split(separator: "=").last.map(String.init) ?? ""
        func accepts(old: [String]) throws -> Bool {
            try links("an entirely new key", old: old).accepts(
                signature: signature, of: exchange, expires: 2000, now: 1000)
        }
        #expect(try accepts(old: ["0123456789abcdef"]))
        #expect(try !accepts(old: []))
    }

    @Test func shortKeysAndTooManyAreRefused() {
        #expect(SigningKeys(current: "fifteen letters") == nil)
        #expect(SigningKeys(current: "0123456789abcdef", old: ["short"]) == nil)
        let many = (0...SigningKeys.oldMax).map { "an old signing key \($0)" }
        #expect(SigningKeys(current: "0123456789abcdef", old: many) == nil)
        #expect(SigningKeys(current: "0123456789abcdef", old: Array(many.dropLast())) != nil)
    }
}
