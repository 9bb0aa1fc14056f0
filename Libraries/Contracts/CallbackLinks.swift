/// Signed, expiring addresses at which an API says that something has happened to a job: `<<$callback_url>>`.
///
/// What it says there is not believed; it only makes Weir look at the job at once.
public struct CallbackLinks: Sendable {
    private let signer: LinkSigner

    /// Addresses below a public URL, signed with a key that intake and executors share.
    ///
    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - key: at least 16 characters; `WEIR_SIGNING_KEY`.
    public init?(publicURL: String, key: String) {
        guard let signer = LinkSigner(publicURL: publicURL, key: key) else { return nil }
        self.signer = signer
    }

    /// The address for an exchange's job.
    ///
    /// - Parameter expires: when it ends, in seconds since 1970.
    public func link(to exchange: RunRequestID, expires: Int64) -> String {
        signer.link(to: "/v1/callbacks/\(exchange)", subject: Self.subject(exchange), expires: expires)
    }

    /// Whether an address's signature is genuine and its time not over.
    public func accepts(signature: String, of exchange: RunRequestID, expires: Int64, now: Int64) -> Bool {
        signer.accepts(signature: signature, of: Self.subject(exchange), expires: expires, now: now)
    }

    private static func subject(_ exchange: RunRequestID) -> String { "callback.\(exchange)" }
}
