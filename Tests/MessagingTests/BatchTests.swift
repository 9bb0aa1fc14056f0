import Messaging
import Testing

@Suite("Batch format")
struct BatchTests {
    private func bytes(_ fill: (inout BatchBuilder) -> Void) -> [UInt8] {
        var builder = BatchBuilder()
        fill(&builder)
        return [UInt8](builder.bytes)
    }

    private func append(_ builder: inout BatchBuilder, topic: String, key: String, body: [UInt8]) {
        Array(topic.utf8).withUnsafeBytes { topic in
            Array(key.utf8).withUnsafeBytes { key in
                body.withUnsafeBytes {
                    builder.append(
                        .command, flags: .rejected, code: 3, number: 4, id: 5, topic: topic, key: key, body: $0)
                }
            }
        }
    }

    private func fault(of frame: [UInt8], bodyBytesMax: Int = 100) -> WireFault? {
        frame.withUnsafeBytes { bytes in
            do throws(WireFault) {
                var reader = try BatchReader(bytes, bodyBytesMax: bodyBytesMax)
                while try reader.next() != nil {}
                return nil
            } catch {
                return error
            }
        }
    }

    @Test func recordsComeOutAsTheyWentIn() throws {
        let frame = bytes { builder in
            append(&builder, topic: "t", key: "", body: [])
            append(&builder, topic: "topic", key: "key", body: [1, 2, 3])
        }
        try frame.withUnsafeBytes { bytes in
            var reader = try BatchReader(bytes, bodyBytesMax: 3)
            let first = try #require(try reader.next())
            #expect(first.topic.elementsEqual("t".utf8) && first.key.isEmpty && first.body.isEmpty)
            let second = try #require(try reader.next())
            #expect(second.kind == .command && second.flags == .rejected)
            #expect(second.code == 3 && second.number == 4 && second.id == 5)
            #expect(second.topic.elementsEqual("topic".utf8) && second.key.elementsEqual("key".utf8))
            #expect(second.body.elementsEqual([1, 2, 3]))
            #expect(try reader.next() == nil)
        }
    }

    @Test func everyCutIsNoticed() {
        let frame = bytes { append(&$0, topic: "topic", key: "key", body: [1, 2, 3]) }
        for count in 0..<frame.count where count != BatchFormat.headerBytes {
            let expected: WireFault = count < BatchFormat.headerBytes ? .notABatch : .truncated
            #expect(fault(of: Array(frame[..<count])) == expected, "cut at \(count)")
        }
    }

    @Test func anotherVersionIsNamed() {
        var frame = bytes { append(&$0, topic: "t", key: "", body: []) }
        frame[4] = 9
        #expect(fault(of: frame) == .version(9))
    }

    @Test func lengthsBeyondTheBoundsAreRefused() {
        let long = bytes { append(&$0, topic: "t", key: "", body: [UInt8](repeating: 0, count: 101)) }
        #expect(fault(of: long) == .bodyLength(101))
        let topic = bytes { append(&$0, topic: String(repeating: "t", count: 256), key: "", body: []) }
        #expect(fault(of: topic) == .topicLength(256))
        let key = bytes { append(&$0, topic: "t", key: String(repeating: "k", count: 1_025), body: []) }
        #expect(fault(of: key) == .keyLength(1_025))
    }

    @Test func randomBytesNeverReadBeyondTheFrame() {
        var generator = SplitMix64(state: 1)
        let template = bytes { append(&$0, topic: "topic", key: "key", body: [1, 2, 3]) }
        for _ in 0..<20_000 {
            var frame = template
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                frame[Int.random(in: 0..<frame.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = fault(of: frame)
        }
    }

    @Test func aBuilderIsEmptyAfterALargeBatch() {
        var builder = BatchBuilder()
        append(&builder, topic: "t", key: "", body: [UInt8](repeating: 7, count: 1 << 20))
        builder.removeAll()
        let isEmpty = builder.isEmpty
        #expect(isEmpty)
        append(&builder, topic: "t", key: "k", body: [1])
        #expect(fault(of: [UInt8](builder.bytes)) == nil)
    }
}
