/// What a client needs to reach a broker over CURVE.
public struct CurveClientKeys: Sendable, Equatable {
    /// The client's own pair, whose public key the broker must know.
    public let keys: CurveKeyPair
    /// The broker's public key: the client talks to nobody else.
    public let serverPublicKey: String

    /// A client's keys.
    ///
    /// - Throws: `MessagingError` with code `invalidKey`.
    public init(keys: CurveKeyPair, serverPublicKey: String) throws(MessagingError) {
        try CurveKeyPair.validate(serverPublicKey, name: "broker's public key")
        self.keys = keys
        self.serverPublicKey = serverPublicKey
    }
}

/// What a broker needs to serve clients over CURVE.
public struct CurveServerKeys: Sendable, Equatable {
    /// The broker's own pair.
    public let keys: CurveKeyPair
    /// The names of the clients that may connect, by public key.
    public let authorized: [String: String]

    /// A broker's keys.
    ///
    /// - Parameter authorized: the names of the clients that may connect, by public key. Nobody else gets in.
    /// - Throws: `MessagingError` with code `invalidKey`.
    public init(keys: CurveKeyPair, authorized: [String: String]) throws(MessagingError) {
        for (key, name) in authorized {
            try CurveKeyPair.validate(key, name: "public key of \(name)")
        }
        self.keys = keys
        self.authorized = authorized
    }
}
