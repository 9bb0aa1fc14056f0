import Messaging

/// The same number of messages over a PUSH and a PULL socket, one frame each: what libzmq alone does here.
struct RawBench {
    let bodyBytes: Int
    let messages: Int

    func run() throws -> Int {
        let receiving = try ZeroMQContext()
        let pull = try SocketHandle.open(.pull, options: SocketOptions(), in: receiving)
        let endpoint = try pull.bind(Endpoint(parsing: "tcp://127.0.0.1:*"), security: .none)
        let (bodyBytes, messages) = (bodyBytes, messages)
        try LoopThread.start(name: "raw-push") {
            try? Self.push(to: endpoint, bodyBytes: bodyBytes, messages: messages)
        }
        let frame = FrameBuffer()
        var poll = PollSet()
        poll.add(pull)
        var count = 0
        var start: UInt64 = 0
        while count < messages {
            guard pull.receive(into: frame) == .done else {
                try poll.wait(for: .seconds(10))
                continue
            }
            if count == 0 { start = BusBench.now() }
            count += 1
        }
        return Int(Double(messages) / (Double(BusBench.now() - start) / 1e9))
    }

    private static func push(to endpoint: Endpoint, bodyBytes: Int, messages: Int) throws {
        let context = try ZeroMQContext()
        var options = SocketOptions()
        options.linger = .seconds(10)
        let push = try SocketHandle.open(.push, options: options, in: context)
        try push.connect(endpoint, security: .none)
        let body = [UInt8](repeating: 120, count: bodyBytes)
        var poll = PollSet()
        poll.add(push, writable: true)
        var sent = 0
        while sent < messages {
            if push.send(body) == .done {
                sent += 1
            } else {
                try poll.wait(for: .seconds(10))
            }
        }
    }
}
