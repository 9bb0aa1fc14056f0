/// Answers libzmq's question whether a CURVE key may connect: the ZAP handler of a context (RFC 27, ZeroMQ
/// Authentication Protocol).
///
/// It listens before the sockets it guards bind, and lives in the same loop. While it is not there nobody gets in, because
/// every guarded socket sets `ZMQ_ZAP_ENFORCE_DOMAIN`.
package final class KeyAuthenticator {
    /// The ZAP domain of Weir's sockets. It must not be empty: libzmq asks nobody without one.
    static let domain = "weir"
    private static let framesMax = 16

    package let socket: SocketHandle
    private let authorized: [String: String]
    private let frame = FrameBuffer()
    /// Clients refused since the start.
    package private(set) var refusedCount = 0

    /// - Parameter authorized: the names of the clients that may connect, by public key.
    package init(authorized: [String: String], in context: ZeroMQContext) throws(MessagingError) {
        var options = SocketOptions()
        options.linger = .zero
        socket = try SocketHandle.open(.rep, options: options, in: context)
        try socket.bind(Endpoint(parsing: "inproc://zeromq.zap.01"), security: .none)
        self.authorized = authorized
    }

    /// Answers the questions that wait.
    package func answerRequests() {
        while socket.receive(into: frame) == .done {
            var frames: [[UInt8]] = [[UInt8](frame.bytes)]
            while frame.hasMore, socket.receive(into: frame) == .done {
                if frames.count < Self.framesMax { frames.append([UInt8](frame.bytes)) }
            }
            answer(frames)
        }
    }

    /// Frames of a question: version, request id, domain, address, routing id, mechanism, credentials.
    private func answer(_ frames: [[UInt8]]) {
        let requestID = frames.count > 1 ? frames[1] : []
        guard let name = name(of: frames) else {
            refusedCount += 1
            send(requestID: requestID, status: "400", text: "key not authorized", userID: "")
            return
        }
        send(requestID: requestID, status: "200", text: "OK", userID: name)
    }

    private func name(of frames: [[UInt8]]) -> String? {
        guard frames.count == 7, frames[0].elementsEqual("1.0".utf8), frames[2].elementsEqual(Self.domain.utf8),
            frames[5].elementsEqual("CURVE".utf8),
            let key = frames[6].withUnsafeBytes({ CurveKeyPair.z85($0) })
        else { return nil }
        return authorized[key]
    }

    /// Frames of an answer: version, request id, status, text, user id, metadata.
    private func send(requestID: [UInt8], status: String, text: String, userID: String) {
        let frames = [Array("1.0".utf8), requestID, Array(status.utf8), Array(text.utf8), Array(userID.utf8), []]
        for (index, frame) in frames.enumerated() {
            // The peer is libzmq itself, over inproc; if it gave up meanwhile the answer is of no use to anybody.
            _ = socket.send(frame, more: index < frames.count - 1)
        }
    }
}
