/// The directory that `weir keys` fills and that brokers and clients read their CURVE keys from.
///
/// ```
/// bus.key            the broker's secret key, mode 0600
/// bus.pub            the broker's public key, for clients
/// authorized_keys    one client per line: public key, blank, name
/// clients/NAME.key   a client's secret key, mode 0600
/// ```
///
/// A machine that runs one service needs `bus.pub` and that service's file only. A key file is one line with the 40
/// characters of the key.
public struct KeyDirectory: Sendable {
    /// Where the directory is.
    public let path: String

    /// A directory that need not exist yet.
    public init(path: String) {
        self.path = path
    }

    private var serverSecretPath: String { "\(path)/bus.key" }
    private var serverPublicPath: String { "\(path)/bus.pub" }
    private var authorizedPath: String { "\(path)/authorized_keys" }

    private func clientPath(_ name: String) throws(MessagingError) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, !name.isEmpty, name.utf8.count <= 64 else {
            throw MessagingError(
                .invalidKey, "a client's name is 1 to 64 letters, digits, hyphens and underscores: '\(name)'")
        }
        return "\(path)/clients/\(name).key"
    }

    /// Makes the keys that are missing: the broker's and one pair for each client, who are authorized at once.
    /// Keys that exist stay.
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`.
    public func create(clients: [String]) throws(MessagingError) {
        try KeyFile.makeDirectory(path)
        try KeyFile.makeDirectory("\(path)/clients")
        if !KeyFile.exists(serverSecretPath) {
            let keys = try CurveKeyPair.generate()
            try KeyFile.write(keys.publicKey + "\n", to: serverPublicPath, mode: 0o644)
            try KeyFile.write(keys.secretKey + "\n", to: serverSecretPath, mode: 0o600)
        }
        var authorized = KeyFile.exists(authorizedPath) ? try authorizedKeys() : [:]
        for name in clients {
            let path = try clientPath(name)
            let keys: CurveKeyPair
            if KeyFile.exists(path) {
                keys = try CurveKeyPair(secretKey: readKey(path, isSecret: true))
            } else {
                keys = try CurveKeyPair.generate()
                try KeyFile.write(keys.secretKey + "\n", to: path, mode: 0o600)
            }
            authorized[keys.publicKey] = name
        }
        try writeAuthorizedKeys(authorized)
    }

    /// Takes a client off the list of those who may connect and removes its pair. A running broker keeps the list it
    /// read when it started.
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`.
    public func revoke(client name: String) throws(MessagingError) {
        let path = try clientPath(name)
        try writeAuthorizedKeys(try authorizedKeys().filter { $0.value != name })
        try KeyFile.remove(path)
    }

    /// What a broker needs.
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`.
    public func serverKeys() throws(MessagingError) -> CurveServerKeys {
        let keys = try CurveKeyPair(secretKey: readKey(serverSecretPath, isSecret: true))
        return try CurveServerKeys(keys: keys, authorized: authorizedKeys())
    }

    /// What the client of that name needs.
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`.
    public func clientKeys(for name: String) throws(MessagingError) -> CurveClientKeys {
        try CurveClientKeys(
            keys: CurveKeyPair(secretKey: readKey(clientPath(name), isSecret: true)),
            serverPublicKey: readKey(serverPublicPath, isSecret: false))
    }

    /// The names of the clients that may connect, by public key. Blank lines and lines that begin with `# ` say nothing
    /// (`#` alone is a character of Z85).
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`, naming the line.
    public func authorizedKeys() throws(MessagingError) -> [String: String] {
        let text = try KeyFile.read(authorizedPath, isSecret: false)
        var authorized: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, !line.hasPrefix("# ") else { continue }
            let parts = line.split(separator: " ")
            guard parts.count == 2, parts[0].utf8.count == 40 else {
                throw MessagingError(
                    .invalidKey, "\(authorizedPath), line \(index + 1): expected a public key, a blank and a name")
            }
            authorized[String(parts[0])] = String(parts[1])
        }
        return authorized
    }

    private func writeAuthorizedKeys(_ authorized: [String: String]) throws(MessagingError) {
        var text = "# Clients that may connect to the bus: public key, blank, name.\n"
        for (key, name) in authorized.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            text += "\(key) \(name)\n"
        }
        try KeyFile.write(text, to: authorizedPath, mode: 0o644)
    }

    private func readKey(_ path: String, isSecret: Bool) throws(MessagingError) -> String {
        let text = try KeyFile.read(path, isSecret: isSecret)
        let key = text.split(separator: "\n").first.map(String.init) ?? ""
        do {
            try CurveKeyPair.validate(key, name: "key")
        } catch {
            throw MessagingError(.invalidKey, "\(path): \(error.message)")
        }
        return key
    }
}
