import Contracts
import Foundation
import Testing

@Suite("Seal of webhook secrets")
struct WebhookSecretSealTests {
    let seal = Self.seal("a signing key of some length")
    let org = OrgID(UUID())
    let endpoint = EndpointID(UUID())
    let id = WebhookSecretID(UUID())
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    @Test func opensWhatItHasSealed() throws {
        let seal = try #require(seal)
        let sealed = try seal.seal(text, org: org, endpoint: endpoint, id: id)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("MfKQ9r8G"))
        #expect(seal.open(sealed, org: org, endpoint: endpoint, id: id) == text)
    }

    @Test func opensForNoOtherRowAndWithNoOtherKey() throws {
        let seal = try #require(seal)
        let other = try #require(Self.seal("another signing key"))
        let sealed = try seal.seal(text, org: org, endpoint: endpoint, id: id)
        #expect(seal.open(sealed, org: OrgID(UUID()), endpoint: endpoint, id: id) == nil)
        #expect(seal.open(sealed, org: org, endpoint: EndpointID(UUID()), id: id) == nil)
        #expect(seal.open(sealed, org: org, endpoint: endpoint, id: WebhookSecretID(UUID())) == nil)
        #expect(other.open(sealed, org: org, endpoint: endpoint, id: id) == nil)
    }

    @Test func opensNothingThatWasChanged() throws {
        let seal = try #require(seal)
        let sealed = try seal.seal(text, org: org, endpoint: endpoint, id: id)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(seal.open(changed, org: org, endpoint: endpoint, id: id) == nil)
        }
        #expect(seal.open([], org: org, endpoint: endpoint, id: id) == nil)
    }

    @Test func opensWhatAnOldKeyHasSealedAndSealsWithTheNewOne() throws {
        let before = try #require(seal)
        let after = try #require(Self.seal("another signing key", old: ["a signing key of some length"]))
        let sealed = try before.seal(text, org: org, endpoint: endpoint, id: id)
        #expect(after.open(sealed, org: org, endpoint: endpoint, id: id) == text)
        let anew = try after.seal(text, org: org, endpoint: endpoint, id: id)
        #expect(before.open(anew, org: org, endpoint: endpoint, id: id) == nil)
        #expect(after.open(anew, org: org, endpoint: endpoint, id: id) == text)
    }

    private static func seal(_ key: String, old: [String] = []) -> WebhookSecretSeal? {
        SigningKeys(current: key, old: old).map { WebhookSecretSeal($0) }
    }
}
