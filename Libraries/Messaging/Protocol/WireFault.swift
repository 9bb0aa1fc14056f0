/// Why bytes from a peer cannot be read.
package enum WireFault: Error, Sendable, Equatable {
    case notABatch
    case version(UInt8)
    case truncated
    case topicLength(Int)
    case keyLength(Int)
    case bodyLength(Int)
    case topicEncoding
    case kind(UInt8)
    case frames
    case routingID

    package var code: MessagingError.Code {
        switch self {
        case .version: .protocolVersion
        case .topicLength, .keyLength, .bodyLength: .tooLarge
        default: .malformed
        }
    }

    package var reason: String {
        switch self {
        case .notABatch: "the frame does not begin with the bytes WEIR"
        case .version(let version):
            "protocol version \(version) is not spoken here; this side speaks \(BatchFormat.version)"
        case .truncated: "a record is longer than its frame"
        case .topicLength(let count): "a topic has 1 to \(BusLimits.topicBytesMax) bytes, not \(count)"
        case .keyLength(let count): "a key has at most \(BusLimits.keyBytesMax) bytes, not \(count)"
        case .bodyLength(let count): "a body of \(count) bytes is too large"
        case .topicEncoding: "a topic is UTF-8 without NUL"
        case .kind(let number): "record kind \(number) is not known or not allowed here"
        case .frames: "a message on the bus has exactly one frame"
        case .routingID: "a client leaves the choice of its routing id to the broker"
        }
    }
}
