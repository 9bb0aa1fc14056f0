/// A consumer's answer to a command.
public struct BusReply: Sendable, Equatable {
    /// How the consumer took the command.
    public enum Status: Sendable, Equatable {
        /// Accepted; what that means is between the two.
        case ok
        /// Refused: a stable code for programs and a reason for people.
        case rejected(code: String, reason: String)
    }

    /// How the consumer took the command.
    public let status: Status
    /// What the consumer had to say; empty when it rejected the command.
    public let body: [UInt8]

    /// An answer.
    public init(status: Status, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}
