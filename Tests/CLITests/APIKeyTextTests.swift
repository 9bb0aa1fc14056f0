import Contracts
import Messaging
import Testing

@testable import CLI

@Suite("Keys and events")
struct APIKeyTextTests {
    @Test func aKeyIsThirtyTwoRandomBytesInBase64URL() {
        let key = APIKeyText.make()
        #expect(key.text.hasPrefix("weir_"))
        #expect(key.text.count == 5 + 43)
        #expect(key.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") })
        #expect(key.prefix == key.text.prefix(12))
        #expect(APIKeyText.make() != key)
    }

    @Test func theHashIsSHA256OfTheText() {
        // printf weir_abc | sha256sum
        #expect(
            APIKeyText("weir_abc").hash.hexadecimal
                == "299b31987dfddb9af3fb2a947a6f74f01e899ccbea7b7a14fcc7554473765150")
    }

    @Test(
        arguments: [
            ("dev.weir.activity.requested.v1", true), ("dev.example.thing.requested.v2", true),
            ("dev.weir.run.ready.v1", false),
            ("requested", false), ("a.requested", false), ("dev.weir.requested.v1.x", false),
        ])
    func commandsAreWhatIsRequested(_ topic: String, _ isCommand: Bool) {
        #expect(BusTopic.isCommand(topic) == isCommand)
    }

    @Test func severalEventsHaveDifferentIdsAndOneKeepsItsOwn() throws {
        let several = EventSource(type: "a.b.v1", subject: "k", data: [], apiKey: nil, id: "x", isSeveral: true)
        #expect(try CloudEvent(parsing: several.body(0)).id == "x-0")
        #expect(try CloudEvent(parsing: several.body(7)).id == "x-7")
        #expect(try CloudEvent(parsing: several.body(7)).subject == "k")
        let one = EventSource(
            type: "a.b.v1", subject: nil, data: Array("{}".utf8), apiKey: "weir_\"k", id: "x", isSeveral: false)
        let event = try CloudEvent(parsing: one.body(0))
        #expect(event.id == "x")
        #expect(event.extensions["apikey"] == Array("\"weir_\\\"k\"".utf8))
    }
}
