import Assembly
import Contracts
import Foundation
import Runtime
import Testing

@Suite("Settings of signing keys")
struct SigningKeyTests {
    private func links(_ variables: [String: String]) throws -> ResultLinks? {
        try ResultLinks(
            RuntimeConfiguration(
                environment: variables.merging(["WEIR_PUBLIC_URL": "https://weir.example.com"]) { $1 }, fileValues: [:])
        )
    }

    @Test func linksOfTheKeysBeforeAreAccepted() throws {
        let id = ActivityRequestID(UUID())
        let before = try #require(try links(["WEIR_SIGNING_KEY": "0123456789abcdef"]))
        let link = before.link(to: id, now: 1000)
        let signature = link.url.split(separator: "=").last.map(String.init) ?? ""
        func validity(old: String) throws -> ResultLinks.Validity? {
            try links(["WEIR_SIGNING_KEY": "an entirely new key", "WEIR_SIGNING_KEYS_OLD": old])?
                .validity(ofSignature: signature, of: id, expires: link.expires, now: 1001)
        }
        #expect(try validity(old: "another old key 1, 0123456789abcdef") == .valid)
        #expect(try validity(old: "") == .forged)
    }

    @Test func whatIsWrongWithThemIsSaid() throws {
        let key = "0123456789abcdef"
        for (variables, setting, problem) in [
            (["WEIR_SIGNING_KEY": "short"], "WEIR_SIGNING_KEY", "is too short"),
            (
                ["WEIR_SIGNING_KEY": key, "WEIR_SIGNING_KEYS_OLD": "short"], "WEIR_SIGNING_KEYS_OLD",
                "holds a key that is too short"
            ),
            (
                [
                    "WEIR_SIGNING_KEY": key,
                    "WEIR_SIGNING_KEYS_OLD": Array(repeating: key, count: 9).joined(separator: ","),
                ], "WEIR_SIGNING_KEYS_OLD", "holds 9 keys"
            ),
        ] {
            let error = #expect(throws: ConfigurationError.self) { _ = try links(variables) }
            #expect(error?.setting == setting && error?.problem == problem)
        }
        #expect(try links([:]) == nil)
    }
}
