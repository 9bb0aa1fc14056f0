/// Signed, expiring links to results: whoever holds the link may fetch that one result until it expires.
public struct ResultLinks: Sendable {
    /// A link and the moment of its end.
    public struct Link: Sendable, Equatable {
        /// The absolute URL.
        public let url: String
        /// When it ends, in seconds since 1970.
        public let expires: Int64
    }

    /// How long a link is good.
    public static let lifeSeconds: Int64 = 7 * 24 * 3600

    private let signer: LinkSigner

    /// Links below a public URL, signed with keys that intake and processors share.
    ///
    /// - Parameters:
    ///   - publicURL: where intake is reached from outside, such as `https://weir.example.com`.
    ///   - keys: `WEIR_SIGNING_KEY` and those before it.
    public init(publicURL: String, keys: SigningKeys) {
        signer = LinkSigner(publicURL: publicURL, keys: keys)
    }

    /// A link to a request's result as NDJSON.
    ///
    /// - Parameter round: the round whose result it is; a request that is taken up again gets another, to which the link does not lead.
    public func link(to request: ActivityRequestID, round: Int? = nil, now: Int64) -> Link {
        let expires = now + Self.lifeSeconds
        let path =
            "/v1/activity-requests/\(request)/result?format=ndjson" + (round.map { "&round=\($0)" } ?? "")
        return Link(
            url: signer.link(to: path, subject: Self.subject(request, round), expires: expires), expires: expires)
    }

    /// What a link's signature is worth.
    public enum Validity: Sendable, Equatable {
        /// It is genuine.
        case valid
        /// It is genuine, and its time is over.
        case expired
        /// It does not fit the link.
        case forged
    }

    /// Whether a link's signature is genuine, and its time not over.
    public func validity(
        ofSignature signature: String, of request: ActivityRequestID, round: Int? = nil, expires: Int64, now: Int64
    ) -> Validity {
        let subject = Self.subject(request, round)
        guard signer.accepts(signature: signature, of: subject, expires: expires, now: .min) else { return .forged }
        return now < expires ? .valid : .expired
    }

    private static func subject(_ request: ActivityRequestID, _ round: Int?) -> String {
        "result.\(request)" + (round.map { ".\($0)" } ?? "")
    }
}
