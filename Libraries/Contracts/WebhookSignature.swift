import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The secret that signs one webhook endpoint's deliveries, after the Standard Webhooks specification
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
///
/// ```swift
/// let secret = try WebhookSecret(parsing: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
/// headers["webhook-signature"] = secret.sign(id: id, timestamp: seconds, body: body)
/// ```
public struct WebhookSecret: Sendable {
    /// What a secret's text begins with.
    public static let prefix = "whsec_"

    /// The key lengths that the specification allows, in bytes.
    public static let keyBytes = 24...64

    /// How far a delivery's timestamp may lie from the receiver's clock, in either direction.
    public static let toleranceDefault = Duration.seconds(300)

    /// The signatures that one header may carry (one for each secret while secrets are rotated).
    public static let signaturesMax = 16

    private let key: SymmetricKey

    /// Reads a secret as people hold it: `whsec_` and 24 to 64 bytes in base64.
    ///
    /// - Throws: ``WebhookSignatureError`` with a `secret…` case; no message repeats the secret.
    public init(parsing text: String) throws(WebhookSignatureError) {
        guard text.hasPrefix(Self.prefix) else { throw .secretWithoutPrefix }
        guard let bytes = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))) else {
            throw .secretNotBase64
        }
        guard Self.keyBytes.contains(bytes.count) else { throw .secretLength(bytes: bytes.count) }
        key = SymmetricKey(data: bytes)
    }

    /// A new secret of 24 random bytes, as text that ``init(parsing:)`` reads.
    public static func makeText() -> String {
        let bytes = SymmetricKey(size: .init(bitCount: 192)).withUnsafeBytes { Data($0) }
        return prefix + bytes.base64EncodedString()
    }

    /// The value of the `webhook-signature` header: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.
    ///
    /// - Parameters:
    ///   - id: the `webhook-id` header; the same for every attempt of a delivery.
    ///   - timestamp: the `webhook-timestamp` header, in seconds since 1970.
    ///   - body: the bytes as they are sent.
    public func sign(id: String, timestamp: Int64, body: some DataProtocol) -> String {
        let code = authenticationCode(id: id, timestamp: "\(timestamp)", body: body)
        return "v1," + Data(code).base64EncodedString()
    }

    /// Accepts a delivery whose signature was made with this secret and whose timestamp is recent.
    ///
    /// Comparison takes the same time for every wrong signature.
    ///
    /// - Parameters:
    ///   - id: the `webhook-id` header, nil if it is missing; likewise the two below.
    ///   - timestamp: the `webhook-timestamp` header.
    ///   - signature: the `webhook-signature` header: one or more signatures, separated by spaces.
    ///   - body: the bytes as they came, before any decoding.
    ///   - now: the receiver's clock, in seconds since 1970.
    ///   - tolerance: how old or how early the timestamp may be.
    /// - Throws: ``WebhookSignatureError`` that says which check failed.
    public func verify(
        id: String?,
        timestamp: String?,
        signature: String?,
        body: some DataProtocol,
        now: Int64,
        tolerance: Duration = toleranceDefault
    ) throws(WebhookSignatureError) {
        guard let id, !id.isEmpty else { throw .headerMissing("webhook-id") }
        guard let timestamp else { throw .headerMissing("webhook-timestamp") }
        guard let signature else { throw .headerMissing("webhook-signature") }
        guard let sent = Int64(timestamp), sent >= 0 else { throw .timestampUnreadable }

        let code = authenticationCode(id: id, timestamp: timestamp, body: body)
        let candidates = signature.split(separator: " ", maxSplits: Self.signaturesMax)
        guard candidates.count <= Self.signaturesMax else { throw .tooManySignatures }
        var matches = false
        for candidate in candidates where candidate.hasPrefix("v1,") {
            guard let bytes = Data(base64Encoded: String(candidate.dropFirst(3))) else { continue }
            if code == bytes { matches = true }  // swift-crypto compares codes in constant time
        }
        guard matches else { throw .signatureMismatch }

        // After the signature, so that only the sender's own clock is ever judged.
        let seconds = tolerance.components.seconds
        guard (now - seconds...now + seconds).contains(sent) else {
            throw .timestampOutsideTolerance(sent: sent, now: now)
        }
    }

    private func authenticationCode(
        id: String,
        timestamp: String,
        body: some DataProtocol
    ) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: key)
        hmac.update(data: Array("\(id).\(timestamp).".utf8))
        hmac.update(data: body)
        return hmac.finalize()
    }
}

extension WebhookSecret: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says that there is a secret, never which.
    public var description: String { "WebhookSecret(hidden)" }

    /// The same as ``description``, so that no debugger's print shows the key.
    public var debugDescription: String { description }
}

/// Why a webhook secret or a delivery's signature was refused.
public enum WebhookSignatureError: Error, Hashable, Sendable {
    /// The secret's text does not begin with `whsec_`.
    case secretWithoutPrefix
    /// What follows `whsec_` is not base64.
    case secretNotBase64
    /// The key is not 24 to 64 bytes long.
    case secretLength(bytes: Int)
    /// The text is no private key.
    case privateKeyUnreadable
    /// The text is no public key.
    case publicKeyUnreadable
    /// A header that the specification requires is missing.
    case headerMissing(String)
    /// `webhook-timestamp` is not a whole number of seconds since 1970.
    case timestampUnreadable
    /// The signature is right, but the delivery is too old or from the future: perhaps a replay.
    case timestampOutsideTolerance(sent: Int64, now: Int64)
    /// `webhook-signature` carries more than ``WebhookSecret/signaturesMax`` signatures.
    case tooManySignatures
    /// No `v1` signature of the header fits the body.
    case signatureMismatch
}

extension WebhookSignatureError: CustomStringConvertible {
    /// One sentence that says what was wrong and, where something can be done, what to do.
    public var description: String {
        switch self {
        case .secretWithoutPrefix:
            "The webhook secret does not begin with whsec_; write whsec_ and then 24 to 64 bytes in base64."
        case .secretNotBase64:
            "The webhook secret is not base64 after whsec_."
        case .secretLength(let bytes):
            "The webhook secret has \(Quantity(bytes, "byte")); it needs 24 to 64."
        case .privateKeyUnreadable:
            "The webhook's private key cannot be read; write whsk_ and then an Ed25519 key of 32 bytes, or 64 with its public key, in base64."
        case .publicKeyUnreadable:
            "The webhook's public key cannot be read; write whpk_ and then an Ed25519 key of 32 bytes in base64."
        case .headerMissing(let name):
            "The header \(name) is missing."
        case .timestampUnreadable:
            "The header webhook-timestamp is not a whole number of seconds since 1970."
        case .timestampOutsideTolerance(let sent, let now):
            "The delivery was signed \(now - sent) seconds before the receiver's clock, outside its tolerance."
        case .tooManySignatures:
            "The header webhook-signature carries more than \(WebhookSecret.signaturesMax) signatures."
        case .signatureMismatch:
            "No signature in webhook-signature fits the body."
        }
    }
}
