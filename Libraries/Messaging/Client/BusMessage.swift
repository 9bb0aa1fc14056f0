/// A hint or a command that a consumer received.
///
/// Its consumer's credit is one lower until the message is finished: by ``finish()``, by an answer, or at the latest when
/// the last copy of it is gone.
public struct BusMessage: Sendable {
    /// The topic it was published under.
    public let topic: String
    /// The key it was published under; empty if there is none.
    public let key: String
    /// The body, usually a ``CloudEvent`` in JSON.
    public let body: [UInt8]
    let receipt: MessageReceipt

    /// Whether somebody waits for an answer: ``reply(_:)`` or ``reject(code:reason:)``.
    public var isCommand: Bool { receipt.commandID != nil }

    /// Gives the credit back, so that the broker hands over another message. Calling it again does nothing.
    public func finish() {
        receipt.finish()
    }

    /// Answers a command and finishes it. The first answer counts; for a hint this only finishes it. A body above the
    /// bound is replaced by a rejection with code `tooLarge`.
    public func reply(_ body: [UInt8] = []) {
        receipt.answer(BusReply(status: .ok, body: body))
        receipt.finish()
    }

    /// Answers that a command is not accepted, and finishes it. The first answer counts.
    ///
    /// - Parameters:
    ///   - code: a stable code for programs, at most 255 bytes; what is longer is cut off.
    ///   - reason: a sentence for people, cut off at the largest body.
    public func reject(code: String, reason: String) {
        receipt.answer(BusReply(status: .rejected(code: code, reason: reason)))
        receipt.finish()
    }
}
