/// Signed, expiring addresses at which an API says that something has happened to a job: `<<$callback_url>>`.
///
/// What it says there is not believed; it only makes Weir look at the job at once.
public struct CallbackLinks: Sendable {
    private let signer: LinkSigner

    /// Addresses below a public URL, signed with keys that intake and executors share.
    ///
    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - keys: `WEIR_SIGNING_KEY` and those before it.
    public init(publicURL: String, keys: SigningKeys) {
        signer = LinkSigner(publicURL: publicURL, keys: keys)
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
