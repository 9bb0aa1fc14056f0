import Messaging

/// Traffic of peers that do anything at any time; the same for the same seed.
struct RandomTraffic: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func oneIn(_ count: UInt64) -> Bool { next() % count == 0 }

    mutating func peer() -> UInt32 { UInt32(next() % 15) }

    mutating func fill(_ batch: inout BatchBuilder) {
        for _ in 0...next() % 4 {
            let topic = "topic \(next() % 8)"
            let id = next() % 3
            switch next() % 12 {
            case 0: batch.add(.hello, body: "name")
            case 1: batch.add(.goodbye)
            case 2, 3: batch.add(.subscribe, id: id, topic: topic)
            case 4: batch.add(.unsubscribe, id: id)
            case 5, 6: batch.add(.credit, number: UInt32(next() % 4), id: id)
            case 7: batch.add(.heartbeat, id: next() % 2_000)
            case 8: batch.add(.command, number: UInt32(next() % 2_000), id: next(), topic: topic, body: "body")
            case 9: batch.add(.reply, id: 1_001 + next() % 4_000, body: "answer")
            default:
                let body = String(repeating: "b", count: Int(next() % 90))
                batch.add(.hint, topic: topic, key: "\(next() % 40)", body: body)
            }
        }
    }
}
