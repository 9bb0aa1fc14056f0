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

    @Test(arguments: [
        "a key with a comma, and what follows it", " a key with blanks around it ", "[not JSON] a key",
        "p\"q, \\ and a tab\t.",
    ])
    func keyThatAListWouldChangeIsKeptInJSON(key: String) throws {
        let id = ActivityRequestID(UUID())
        let settings = RuntimeConfiguration(environment: ["WEIR_SIGNING_KEY": key], fileValues: [:])
        #expect(settings.signingKeyNeedsJSON)
        let link = try #require(try links(["WEIR_SIGNING_KEY": key])).link(to: id, now: 1000)
        let signature = link.url.split(separator: "=").last.map(String.init) ?? ""
        let old = String(decoding: try JSONEncoder().encode(["another old key 1", key]), as: UTF8.self)
        let after = try links(["WEIR_SIGNING_KEY": "an entirely new key", "WEIR_SIGNING_KEYS_OLD": old])
        #expect(after?.validity(ofSignature: signature, of: id, expires: link.expires, now: 1001) == .valid)
    }

    @Test func usualKeyIsAnItemOfAList() {
        for environment in [[:], ["WEIR_SIGNING_KEY": "0123456789abcdef"], ["WEIR_SIGNING_KEY": "blanks within a key"]]
        {
            #expect(!RuntimeConfiguration(environment: environment, fileValues: [:]).signingKeyNeedsJSON)
        }
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
            (
                ["WEIR_SIGNING_KEY": key, "WEIR_SIGNING_KEYS_OLD": "[\(key)]"], "WEIR_SIGNING_KEYS_OLD",
                "begins with [ and is no list of texts in JSON"
            ),
            (
                ["WEIR_SIGNING_KEY": key, "WEIR_SIGNING_KEYS_OLD": #"["short"]"#], "WEIR_SIGNING_KEYS_OLD",
                "holds a key that is too short"
            ),
        ] {
            let error = #expect(throws: ConfigurationError.self) { _ = try links(variables) }
            #expect(error?.setting == setting && error?.problem == problem)
        }
        #expect(try links([:]) == nil)
    }
}
