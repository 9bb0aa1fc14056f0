import Messaging

@testable import Bus

/// A way out of the router that remembers what was sent.
final class RecordedWire: PeerWire {
    struct Sent: Equatable {
        var kind: RecordKind
        var code: MessagingError.Code
        var id: UInt64
        var topic: String
        var key: String
        var body: String
    }

    var isObserved = false
    var blocked: Set<UInt32> = []
    var unreachable: Set<UInt32> = []
    private(set) var observed: [Sent] = []
    private var sent: [UInt32: [Sent]] = [:]

    func all(to peer: UInt32) -> [Sent] { sent[peer] ?? [] }

    func records(to peer: UInt32, _ kind: RecordKind) -> [Sent] { all(to: peer).filter { $0.kind == kind } }

    func send(_ batch: UnsafeRawBufferPointer, to routingID: UInt32) -> TransferOutcome {
        if unreachable.contains(routingID) { return .unreachable }
        if blocked.contains(routingID) { return .wouldBlock }
        sent[routingID, default: []] += read(batch)
        return .done
    }

    func publish(topic: [UInt8], batch: UnsafeRawBufferPointer) {
        observed += read(batch)
    }

    private func read(_ batch: UnsafeRawBufferPointer) -> [Sent] {
        var records: [Sent] = []
        guard var reader = try? BatchReader(batch, bodyBytesMax: 1 << 20) else { return [] }
        while let record = try? reader.next() {
            records.append(
                Sent(
                    kind: record.kind, code: MessagingError.Code(number: record.code), id: record.id,
                    topic: String(decoding: record.topic, as: UTF8.self),
                    key: String(decoding: record.key, as: UTF8.self),
                    body: String(decoding: record.body, as: UTF8.self)))
        }
        return records
    }
}

extension MessageRouter {
    /// Receives a batch of records.
    func receive(from peer: UInt32, _ fill: (inout BatchBuilder) -> Void) {
        var batch = BatchBuilder()
        fill(&batch)
        receive(batch.bytes, from: peer)
    }
}
