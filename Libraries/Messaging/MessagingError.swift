import CZeroMQ

/// What went wrong on the bus: a code to act on, the endpoint it concerns and a sentence for people.
public struct MessagingError: Error, Sendable, CustomStringConvertible {
    /// A reason that programs act on. The set is open: new codes may be added without breaking a `switch` with a default.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The number that stands for the code on the wire.
        package let number: UInt16
        /// The operating system's or libzmq's error number; 0 unless the code is `system`.
        public let errno: Int32

        package init(number: UInt16, errno: Int32 = 0) {
            self.number = number
            self.errno = errno
        }

        /// The client was closed.
        public static let closed = Code(number: 1)
        /// The requester's time-out passed before an answer came. The command may still be carried out.
        public static let timeout = Code(number: 2)
        /// A bounded queue is full; nothing was accepted. Try again later.
        public static let overloaded = Code(number: 3)
        /// Nobody consumes the topic of the command; nothing was done.
        public static let noConsumer = Code(number: 4)
        /// The consumer that held the command left without answering. The command may have been carried out.
        public static let consumerLost = Code(number: 5)
        /// A body, topic or key exceeds its bound; nothing was sent.
        public static let tooLarge = Code(number: 6)
        /// Bytes that do not follow the bus protocol or the format asked for.
        public static let malformed = Code(number: 7)
        /// Binding without CURVE keys to an address other machines can reach was refused.
        public static let insecureBind = Code(number: 8)
        /// Connecting without CURVE keys to an address on another machine was refused.
        public static let insecureConnect = Code(number: 9)
        /// The connection to the broker that held the command was lost. The command may have been carried out.
        public static let brokerLost = Code(number: 10)
        /// The task that waited for the answer was cancelled.
        public static let cancelled = Code(number: 11)
        /// An endpoint that is not `tcp://HOST:PORT`, `ipc://PATH` or `inproc://NAME`, or none at all.
        public static let invalidEndpoint = Code(number: 12)
        /// A key file or key that cannot be used: missing, readable by others, not 40 characters of Z85.
        public static let invalidKey = Code(number: 13)
        /// The peer speaks another version of the bus protocol.
        public static let protocolVersion = Code(number: 14)

        /// A call into the operating system or libzmq failed with this error number.
        public static func system(_ errno: Int32) -> Code { Code(number: 15, errno: errno) }

        private static let names = [
            "unknown", "closed", "timeout", "overloaded", "noConsumer", "consumerLost", "tooLarge", "malformed",
            "insecureBind", "insecureConnect", "brokerLost", "cancelled", "invalidEndpoint", "invalidKey",
            "protocolVersion", "system",
        ]

        /// The code's stable name, such as `overloaded`; fit for a metric's label.
        public var description: String {
            let position = Int(number)
            return position < Self.names.count ? Self.names[position] : "code\(number)"
        }
    }

    /// The reason to act on.
    public let code: Code
    /// The endpoint the error concerns, if it concerns one.
    public let endpoint: String?
    /// A sentence for people: what was wrong and, where possible, what to do.
    public let message: String

    /// An error with its reason, the endpoint it concerns and a sentence for people.
    public init(_ code: Code, endpoint: String? = nil, _ message: String) {
        self.code = code
        self.endpoint = endpoint
        self.message = message
    }

    /// The error that libzmq's last call on this thread left behind.
    static func lastSystemError(_ operation: String, endpoint: String? = nil) -> MessagingError {
        let number = zmq_errno()
        let text = zmq_strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return MessagingError(.system(number), endpoint: endpoint, "\(operation): \(text)")
    }

    /// `code: message (endpoint)`.
    public var description: String {
        endpoint.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }
}
