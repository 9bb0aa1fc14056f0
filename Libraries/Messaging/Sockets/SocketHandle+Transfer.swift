import CZeroMQ

/// How an attempt to send or receive without waiting went.
package enum TransferOutcome: Sendable, Equatable {
    /// A frame went over.
    case done
    /// Nothing to receive, or the peer's queue is at its high-water mark.
    case wouldBlock
    /// The peer that a ROUTER was to send to is not connected.
    case unreachable
    /// Anything else: the error number of libzmq.
    case failed(Int32)

    init(status: Int32) {
        self = status >= 0 ? .done : TransferOutcome(errno: zmq_errno())
    }

    private init(errno: Int32) {
        switch errno {
        // EINTR: a signal arrived first; the level-triggered poll brings the caller back.
        case EAGAIN, EINTR: self = .wouldBlock
        case EHOSTUNREACH: self = .unreachable
        default: self = .failed(errno)
        }
    }
}

extension SocketHandle {
    /// Sends one frame without waiting; libzmq copies the bytes.
    package func send(_ bytes: UnsafeRawBufferPointer, more: Bool = false) -> TransferOutcome {
        let flags = more ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
        return TransferOutcome(status: zmq_send(pointer, bytes.baseAddress, bytes.count, flags))
    }

    /// Sends one frame without waiting.
    package func send(_ bytes: [UInt8], more: Bool = false) -> TransferOutcome {
        bytes.withUnsafeBytes { send($0, more: more) }
    }

    /// Receives one frame without waiting; what the buffer held before is released.
    package func receive(into frame: borrowing FrameBuffer) -> TransferOutcome {
        TransferOutcome(status: zmq_msg_recv(frame.pointer, pointer, ZMQ_DONTWAIT))
    }

    /// Receives the rest of a message of which the frame is one part, and discards it.
    package func discardRest(after frame: borrowing FrameBuffer) {
        while frame.hasMore, receive(into: frame) == .done {}
    }
}
