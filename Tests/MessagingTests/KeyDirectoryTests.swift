import Glibc
import Messaging
import Testing

@Suite("Key directory")
struct KeyDirectoryTests {
    @Test func whatIsMadeCanBeRead() throws {
        try withTemporaryDirectory { path in
            let directory = KeyDirectory(path: "\(path)/keys")
            try directory.create(clients: ["intake", "executor"])
            let server = try directory.serverKeys()
            let intake = try directory.clientKeys(for: "intake")
            #expect(intake.serverPublicKey == server.keys.publicKey)
            #expect(server.authorized[intake.keys.publicKey] == "intake")
            #expect(Set(server.authorized.values) == ["intake", "executor"])
        }
    }

    @Test func makingAgainKeepsTheKeysAndAddsTheNewClient() throws {
        try withTemporaryDirectory { path in
            let directory = KeyDirectory(path: path)
            try directory.create(clients: ["intake"])
            let before = try directory.clientKeys(for: "intake")
            try directory.create(clients: ["intake", "cli"])
            #expect(try directory.clientKeys(for: "intake") == before)
            #expect(try directory.authorizedKeys().count == 2)
        }
    }

    @Test func aRevokedClientIsNoLongerAuthorized() throws {
        try withTemporaryDirectory { path in
            let directory = KeyDirectory(path: path)
            try directory.create(clients: ["intake", "cli"])
            try directory.revoke(client: "cli")
            #expect(try Array(directory.authorizedKeys().values) == ["intake"])
            #expect(throws: MessagingError.self) { try directory.clientKeys(for: "cli") }
        }
    }

    @Test func secretKeysAreForTheirOwnerAlone() throws {
        try withTemporaryDirectory { path in
            let directory = KeyDirectory(path: path)
            try directory.create(clients: ["intake"])
            for file in ["bus.key", "clients/intake.key"] {
                var status = stat()
                #expect(stat("\(path)/\(file)", &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600, "\(file)")
            }
            chmod("\(path)/bus.key", 0o644)
            let error = #expect(throws: MessagingError.self) { try directory.serverKeys() }
            #expect(error?.code == .invalidKey)
            #expect(error?.message.contains("chmod 600") == true)
        }
    }

    @Test(arguments: ["", "../bus", "a/b", "a b", "ä"])
    func aNameThatIsNoFileNameIsRefused(name: String) throws {
        try withTemporaryDirectory { path in
            let error = #expect(throws: MessagingError.self) { try KeyDirectory(path: path).create(clients: [name]) }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test func aPrintedPairHidesItsSecret() throws {
        let keys = try CurveKeyPair.generate()
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(text.contains(keys.publicKey))
            #expect(!text.contains(keys.secretKey))
        }
    }

    @Test func aSecretKeyTellsItsPublicKey() throws {
        let keys = try CurveKeyPair.generate()
        #expect(try CurveKeyPair(secretKey: keys.secretKey) == keys)
        #expect(throws: MessagingError.self) { try CurveKeyPair(secretKey: "short") }
    }
}
