import Messaging
import Testing

/// A peer that speaks frames instead of the client's good manners: it sends what a test wants and no heartbeats.
///
/// It waits by looking again every millisecond, since blocking would hold up the threads that all tests share.
final class RawPeer {
    private let context: ZeroMQContext
    private let socket: SocketHandle
    private let monitor: SocketMonitor
    private let frame = FrameBuffer()

    struct Answer: Equatable {
        var kind: RecordKind
        var code: MessagingError.Code
        var number: UInt32
        var id: UInt64
        var topic: String
        var key: String
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    init(endpoint: String, routingID: String?, _ change: (inout SocketOptions) -> Void) throws {
        context = try ZeroMQContext()
        var options = SocketOptions()
        options.frameBytesMax = 100 << 20
        options.linger = .zero
        change(&options)
        socket = try SocketHandle.open(.dealer, options: options, in: context)
        monitor = try SocketMonitor(of: socket, name: "raw", in: context)
        if let routingID { try socket.set(5, routingID) }  // ZMQ_ROUTING_ID
        try socket.connect(Endpoint(parsing: endpoint), security: options.security)
    }

    func send(_ frames: [[UInt8]]) async throws {
        for (index, frame) in frames.enumerated() {
            try await wait(for: "the frame to be taken") { socket.send(frame, more: index < frames.count - 1) == .done }
        }
    }

    /// Sends records in one batch.
    func send(_ fill: (inout BatchBuilder) -> Void) async throws {
        var batch = BatchBuilder()
        fill(&batch)
        try await send([[UInt8](batch.bytes)])
    }

    /// Waits for the next record of a kind, passing over others.
    ///
    /// - Parameter session: sends heartbeats of this session meanwhile, since a busy machine may take longer than the broker is patient.
    func receive(_ kind: RecordKind, alive session: UInt64? = nil) async throws -> Answer {
        var found: Answer?
        try await wait(for: "a record of kind \(kind)") {
            if let session {
                var batch = BatchBuilder()
                batch.add(.heartbeat, id: session)
                _ = socket.send([UInt8](batch.bytes), more: false)
            }
            while found == nil, socket.receive(into: frame) == .done {
                var reader = try BatchReader(frame.bytes, bodyBytesMax: 1 << 20)
                while let record = try reader.next() {
                    if record.kind == kind { found = answer(record) }
                }
            }
            return found != nil
        }
        return try #require(found)
    }

    /// Waits until something happens to the connection.
    func event(_ wanted: (SocketMonitor.Event) -> Bool) async throws {
        try await wait(for: "an event of the connection") {
            while let event = monitor.next() {
                if wanted(event) { return true }
            }
            return false
        }
    }

    private func wait(for what: String, _ condition: () throws -> Bool) async throws {
        try await eventually(what, condition)
    }

    private func answer(_ record: Record) -> Answer {
        Answer(
            kind: record.kind, code: MessagingError.Code(number: record.code), number: record.number, id: record.id,
            topic: String(decoding: record.topic, as: UTF8.self), key: String(decoding: record.key, as: UTF8.self),
            body: [UInt8](record.body))
    }
}

extension BatchBuilder {
    /// Appends a record whose topic, key and body are text.
    mutating func add(
        _ kind: RecordKind, number: UInt32 = 0, id: UInt64 = 0, topic: String = "", key: String = "",
        body: String = ""
    ) {
        Array(topic.utf8).withUnsafeBytes { topic in
            Array(key.utf8).withUnsafeBytes { key in
                Array(body.utf8).withUnsafeBytes {
                    append(kind, number: number, id: id, topic: topic, key: key, body: $0)
                }
            }
        }
    }
}
