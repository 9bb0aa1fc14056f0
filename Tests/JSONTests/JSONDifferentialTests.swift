import Testing

@testable import JSON

/// The fast parser and the one that explains errors are independent of each other, so each tests the other.
@Suite("Two parsers, one opinion")
struct JSONDifferentialTests {
    private static let seeds: [String] = [
        #"{"a":[1,-2.50e+3,true,false,null,"x\u00e9\n\ud83d\ude00"],"b":{"c":{},"d":[]},"e":""}"#,
        #" [ { "key with spaces" : [ [ [ 0 ] ] ] } , "é日本😀" , 1E400000 , "\\\"\/\b\f\n\r\t" ] "#,
        #"{"text":"a long string that is longer than sixty-four bytes, so that it reaches over blocks of the vector code","n":1}"#,
        "\"\\u0000\"", "-0.0", "[[],[],{}]", "\u{FEFF}{\"a\":1}",
    ]

    @Test func mutatedDocumentsAreAcceptedOrRefusedByBoth() {
        var random = SplitMix64(state: 7)
        let alphabet =
            Array("{}[]:,\"\\ \n0123456789.eE+-truefalsn\u{1}u/".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF, 0x00]
        let parser = JSONParser(limits: JSONLimits(depthMax: 4))
        var accepted = 0
        for _ in 0..<50_000 {
            var bytes = Array(Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&bytes, alphabet, &random) }
            let (isValid, diagnosis) = bytes.withUnsafeBytes { buffer in
                let isValid = (try? parser.withTape(of: buffer) { _ in }) != nil
                return (isValid, JSONDiagnosis.firstError(in: buffer, depthMax: 4))
            }
            guard isValid == (diagnosis == nil) else {
                Issue.record(
                    "\(bytes) \(String(decoding: bytes, as: UTF8.self)): \(isValid), \(String(describing: diagnosis))")
                continue
            }
            if isValid { accepted += 1 }
            #expect((0...bytes.count).contains(diagnosis?.offset ?? 0))
        }
        #expect(accepted > 5_000)
    }

    @Test func everyPrefixOfADocumentIsCutOff() {
        for seed in Self.seeds where "{[\"".contains(seed.first ?? " ") {
            let bytes = Array(seed.utf8)
            for count in 1..<bytes.count {
                let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes[..<count])) }
                #expect(error?.code == .truncated)
                #expect(error?.offset == count)
            }
        }
    }

    @Test func whatWasReadIsWrittenAndReadAgainTheSame() throws {
        var random = SplitMix64(state: 11)
        for _ in 0..<2_000 {
            let value = Self.value(depth: 4, &random)
            let bytes = value.encoded()
            let again = try JSONValue(parsing: bytes)
            #expect(again == value)
            #expect(again.encoded() == bytes)
            #expect(try JSONDocument(parsing: bytes).root.encoded() == bytes)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ alphabet: [UInt8], _ random: inout SplitMix64) {
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
        guard let place = bytes.indices.randomElement(using: &random) else {
            bytes.append(byte)
            return
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = byte
        case 1: bytes.insert(byte, at: place)
        case 2: bytes.remove(at: place)
        default: bytes.removeLast(bytes.count - place)
        }
    }

    private static func value(depth: Int, _ random: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(JSONNumber(Int.random(in: -1_000_000...1_000_000, using: &random)))
        case 3: return .number(JSONNumber(Double.random(in: -1e30...1e30, using: &random)) ?? JSONNumber(0))
        case 4: return .string(text(&random))
        case 5:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in value(depth: depth - 1, &random) })
        default:
            let count = Int.random(in: 0...4, using: &random)
            return .object(JSONObject((0..<count).map { _ in (text(&random), value(depth: depth - 1, &random)) }))
        }
    }

    private static func text(_ random: inout SplitMix64) -> String {
        let alphabet = Array("ab\"\\/\u{0}\u{1}\u{1f}\n\t\u{7f}é日😀 {}[]".unicodeScalars)
        var text = ""
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
        }
        return text
    }
}

/// A generator with a seed: the same values in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
