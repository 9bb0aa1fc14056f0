import Messaging
import Testing

@Suite("CloudEvent")
struct CloudEventTests {
    private func parse(_ text: String) throws(MessagingError) -> CloudEvent {
        try CloudEvent(parsing: Array(text.utf8))
    }

    @Test func anEventComesBackAsItWas() throws {
        let event = CloudEvent(
            id: "1", source: "/weir/intake", type: "dev.weir.run.readied.v1", time: "2026-01-01T00:00:00Z",
            subject: "s", orgID: "o", traceparent: "00-a-b-01", data: Array(#"{"a":[1,2,{"b":null}]}"#.utf8),
            extensions: ["custom": Array("7".utf8), "other": Array(#""text""#.utf8)])
        #expect(try CloudEvent(parsing: event.encoded()) == event)
    }

    @Test func theEncodingIsTheOneThatTheStandardShows() {
        let event = CloudEvent(id: "1", source: "/s", type: "t", orgID: "o", data: Array("{}".utf8))
        let expected =
            #"{"specversion":"1.0","id":"1","source":"/s","type":"t","orgid":"o","#
            + #""datacontenttype":"application/json","data":{}}"#
        #expect(String(decoding: event.encoded(), as: UTF8.self) == expected)
    }

    @Test func unknownAttributesAndTheDataKeepTheirBytes() throws {
        let text =
            #"{"specversion":"1.0","id":"1","source":"/s","type":"t","future":{"x" : 1e3},"#
            + #""data":{"n": 1.0000000000000000001, "u":"\u00e4"}}"#
        let event = try parse(text)
        #expect(event.extensions == ["future": Array(#"{"x" : 1e3}"#.utf8)])
        #expect(event.data == Array(#"{"n": 1.0000000000000000001, "u":"\u00e4"}"#.utf8))
        #expect(try CloudEvent(parsing: event.encoded()) == event)
    }

    @Test func textSurvivesEscaping() throws {
        let hard = "quote \" backslash \\ newline \n tab \t bell \u{7} ä 😀 \u{2028}"
        let event = CloudEvent(id: hard, source: hard, type: hard)
        #expect(try CloudEvent(parsing: event.encoded()) == event)
        let escaped = try parse(#"{"specversion":"1.0","id":"\ud83d\ude00\u00e4\/\b","source":"s","type":"t"}"#)
        #expect(escaped.id == "😀ä/\u{8}")
    }

    @Test(arguments: [
        "", "[]", "{", "{}", "null", "{\"specversion\":\"1.0\"}", "not json",
        #"{"specversion":"0.3","id":"1","source":"/s","type":"t"}"#,
        #"{"specversion":"1.0","id":"","source":"/s","type":"t"}"#,
        #"{"specversion":"1.0","id":1,"source":"/s","type":"t"}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t"} x"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t",}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"a":}}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":01}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"\x"}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"AA=="}"#,
        #"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/xml","data":""}"#,
    ])
    func whatIsNoEventIsRefused(text: String) {
        let error = #expect(throws: MessagingError.self) { try parse(text) }
        #expect(error?.code == .malformed)
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        var json = Array(#"{"specversion":"1.0","id":"X","source":"/s","type":"t"}"#.utf8)
        json[json.firstIndex(of: UInt8(ascii: "X")) ?? 0] = 0xFF
        #expect(throws: MessagingError.self) { try CloudEvent(parsing: json) }
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        let error = #expect(throws: MessagingError.self) {
            try parse(#"{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"# + deep)
        }
        #expect(error?.message.contains("deep") == true)
    }

    @Test func randomDamageNeverCrashesTheReader() {
        var generator = SplitMix64(state: 3)
        let json = CloudEvent(
            id: "1\"ä", source: "/s", type: "t", data: Array(#"{"a":[1,-2.5e7,"\u00e4",true,null]}"#.utf8)
        ).encoded()
        for _ in 0..<20_000 {
            var damaged = json
            damaged[Int.random(in: 0..<json.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = try? CloudEvent(parsing: Array(damaged.prefix(Int.random(in: 0...json.count, using: &generator))))
        }
    }
}
