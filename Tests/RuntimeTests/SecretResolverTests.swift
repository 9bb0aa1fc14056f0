import Testing

@testable import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Secret resolver")
struct SecretResolverTests {
    /// Lends a directory with files of secrets.
    private func withDirectory(_ files: [String: Data], _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "weir-secrets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, data) in files { try data.write(to: directory.appending(path: name)) }
        try body(directory.path())
    }

    @Test func environmentGoesBeforeTheFile() throws {
        try withDirectory(["api_token": Data("from-file\n".utf8), "other": Data("other\r\n".utf8)]) { directory in
            let secrets = SecretResolver(environment: [
                "WEIR_SECRET_API_TOKEN": "from-environment", "WEIR_SECRETS_DIR": directory,
            ])
            let values = (try secrets.resolve("api_token"), try secrets.resolve("other"))
            #expect(values == ("from-environment", "other"))
        }
    }

    @Test func fileIsReadOnce() throws {
        var kept: SecretResolver?
        try withDirectory(["a": Data("value".utf8)]) { directory in
            kept = SecretResolver(environment: ["WEIR_SECRETS_DIR": directory])
            _ = try kept?.resolve("a")
        }
        #expect(try kept?.resolve("a") == "value")
    }

    @Test(arguments: ["", "../etc/passwd", "a/b", "a.b", "a b", "é", String(repeating: "a", count: 101)])
    func nameThatCouldLeaveTheDirectoryIsRefused(name: String) throws {
        let secrets = SecretResolver(environment: ["WEIR_SECRETS_DIR": "/"])
        #expect(throws: SecretError(name: name, problem: .invalidName)) { try secrets.resolve(name) }
    }

    @Test func missingSecretIsNamedWithWhatToDo() throws {
        let error = #expect(throws: SecretError.self) { try SecretResolver(environment: [:]).resolve("token") }
        #expect(error?.problem == .missing)
        #expect(error?.description.contains("WEIR_SECRET_TOKEN") == true)
    }

    @Test func fileThatIsTooLargeOrNoTextOrEmptyIsRefused() throws {
        let files = [
            "large": Data(repeating: 65, count: SecretResolver.bytesMax + 1), "binary": Data([0xFF, 0xFE]),
            "empty": Data(),
        ]
        try withDirectory(files) { directory in
            let secrets = SecretResolver(environment: ["WEIR_SECRETS_DIR": directory])
            #expect(throws: SecretError(name: "large", problem: .tooLarge)) { try secrets.resolve("large") }
            #expect(throws: SecretError(name: "binary", problem: .notText)) { try secrets.resolve("binary") }
            #expect(throws: SecretError(name: "empty", problem: .missing)) { try secrets.resolve("empty") }
        }
    }

    @Test func noDescriptionHoldsAValue() throws {
        let secrets = SecretResolver(environment: ["WEIR_SECRET_A": "hunter2"])
        _ = try secrets.resolve("a")
        #expect(!"\(secrets)".contains("hunter2"))
        #expect(!String(reflecting: secrets).contains("hunter2"))
    }
}
