import Synchronization

/// The one shared memory of a message's copies: whether it was finished and answered.
final class MessageReceipt: Sendable {
    /// The broker's number of the command; `nil` for a hint.
    let commandID: UInt64?
    private let channel: ConsumerChannel
    private let link: Int
    private let mailbox: ClientMailbox
    private let isFinished = Atomic<Bool>(false)
    private let isAnswered = Atomic<Bool>(false)

    init(commandID: UInt64?, channel: ConsumerChannel, link: Int, mailbox: ClientMailbox) {
        self.commandID = commandID
        self.channel = channel
        self.link = link
        self.mailbox = mailbox
    }

    deinit {
        // Nobody holds the message any more. The requester must not wait for its time-out, nor the credit be lost.
        answer(BusReply(status: .rejected(code: "unanswered", reason: "the consumer let go of the command")))
        finish()
    }

    func finish() {
        guard !isFinished.exchange(true, ordering: .relaxed) else { return }
        channel.giveBack(link: link)
    }

    func answer(_ reply: BusReply) {
        guard let commandID, !isAnswered.exchange(true, ordering: .relaxed) else { return }
        // A client that is closed has no way to its requester; the broker tells it `consumerLost`.
        _ = mailbox.submit(.answer(commandID: commandID, link: link, reply))
    }
}
