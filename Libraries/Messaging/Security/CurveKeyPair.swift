import CZeroMQ

/// A CURVE key pair as libzmq takes it: each key 32 bytes, written as 40 characters of Z85.
///
/// Printing a pair shows the public key only.
public struct CurveKeyPair: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The key that others may know.
    public let publicKey: String
    /// The key that nobody else may know.
    public let secretKey: String

    /// A pair from a secret key, whose public key is calculated.
    ///
    /// - Throws: `MessagingError` with code `invalidKey`.
    public init(secretKey: String) throws(MessagingError) {
        try Self.validate(secretKey, name: "secret key")
        var buffer = [CChar](repeating: 0, count: 41)
        guard zmq_curve_public(&buffer, secretKey) == 0 else {
            throw MessagingError.lastSystemError("zmq_curve_public")
        }
        self.publicKey = Self.text(buffer)
        self.secretKey = secretKey
    }

    private init(publicKey: String, secretKey: String) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// A new pair from the system's random numbers.
    ///
    /// - Throws: `MessagingError` with code `system`, if libzmq was built without CURVE.
    public static func generate() throws(MessagingError) -> CurveKeyPair {
        var publicKey = [CChar](repeating: 0, count: 41)
        var secretKey = publicKey
        guard zmq_curve_keypair(&publicKey, &secretKey) == 0 else {
            throw MessagingError.lastSystemError("zmq_curve_keypair")
        }
        return CurveKeyPair(publicKey: text(publicKey), secretKey: text(secretKey))
    }

    /// - Throws: `MessagingError` with code `invalidKey` unless the text is 40 characters of Z85.
    static func validate(_ key: String, name: String) throws(MessagingError) {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard key.utf8.count == 40, zmq_z85_decode(&bytes, key) != nil else {
            throw MessagingError(.invalidKey, "the \(name) is not 40 characters of Z85")
        }
    }

    /// The 40 characters of Z85 that stand for 32 bytes of a public key.
    static func z85(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count == 32, let start = bytes.baseAddress else { return nil }
        var buffer = [CChar](repeating: 0, count: 41)
        guard zmq_z85_encode(&buffer, start.assumingMemoryBound(to: UInt8.self), 32) != nil else { return nil }
        return text(buffer)
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix(40).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The public key.
    public var description: String { "CurveKeyPair(publicKey: \(publicKey))" }

    /// The public key; the secret one is left out of dumps as well.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
