import CZeroMQ

/// A place for one received frame at a time, used again and again.
///
/// The `zmq_msg_t` lives at a stable address because libzmq keeps short frames inside it. Nothing is copied: the bytes
/// are the ones libzmq read from the network.
package struct FrameBuffer: ~Copyable {
    let pointer: UnsafeMutablePointer<zmq_msg_t>

    package init() {
        pointer = .allocate(capacity: 1)
        zmq_msg_init(pointer)
    }

    deinit {
        zmq_msg_close(pointer)
        pointer.deallocate()
    }

    /// The bytes of the frame received last; valid until the next one is received.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: zmq_msg_data(pointer), count: zmq_msg_size(pointer))
    }

    /// Whether more frames of the same message follow.
    package var hasMore: Bool { zmq_msg_more(pointer) != 0 }
}
