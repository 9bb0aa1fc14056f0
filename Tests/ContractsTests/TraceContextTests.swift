import Contracts
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The examples and rules of https://www.w3.org/TR/trace-context-1/, sections 3.2 and 3.3.
@Suite("Trace context")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    @Test(arguments: [
        // What comes, and what is passed on of it.
        ("00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01"),
        ("00-\(trace)-\(parent)-00", "00-\(trace)-\(parent)-00"),
        // Flags that level 1 does not know are not passed on.
        ("00-\(trace)-\(parent)-ff", "00-\(trace)-\(parent)-01"),
        ("00-\(trace)-\(parent)-fe", "00-\(trace)-\(parent)-00"),
        // Of a later version, the fields of this one.
        ("01-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01"),
        ("cc-\(trace)-\(parent)-01-what the future will be like", "00-\(trace)-\(parent)-01"),
    ])
    func aValidOneIsPassedOnInTheKnownVersion(_ text: String, _ passedOn: String) throws {
        let context = try #require(TraceContext(parsing: text))
        #expect(context.traceID == Self.trace && context.parentID == Self.parent)
        #expect(context.traceparent == passedOn)
    }

    @Test(arguments: [
        "", "-", "00", "00-\(trace)", "00-\(trace)-\(parent)", "00-\(trace)-\(parent)-", "00-\(trace)-\(parent)-1",
        "00-\(trace)-\(parent)-01-", "00-\(trace)-\(parent)-01-more", "00-\(trace)-\(parent)-011",
        "01-\(trace)-\(parent)-01more", "ff-\(trace)-\(parent)-01", "0-\(trace)-\(parent)-01",
        "00-\(String(repeating: "0", count: 32))-\(parent)-01", "00-\(trace)-0000000000000000-01",
        "00-\(trace.uppercased())-\(parent)-01", "00-\(trace)-\(parent.dropLast())g-01", "00-\(trace)-\(parent)-0x",
        "00-\(trace.dropLast())-\(parent)-01", "00-\(trace)a-\(parent.dropLast())-01",
        "00_\(trace)_\(parent)_01", " 00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01 ",
        "00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-0\u{0}",
        "00-\(trace)-\(parent.dropLast())é-01",
    ])
    func aMalformedOneIsIgnored(_ text: String) {
        #expect(TraceContext(parsing: text) == nil)
    }

    @Test func aHopKeepsTheTraceAndGetsAParentOfItsOwn() throws {
        let context = try #require(TraceContext(parsing: "00-\(Self.trace)-\(Self.parent)-01"))
        let id = try #require(UUID(uuidString: "01A1FD94-25DE-7789-97BE-1273177F0077"))
        #expect(context.child(id).traceparent == "00-\(Self.trace)-97be1273177f0077-01")
        #expect(TraceContext(parsing: context.child(id).traceparent) == context.child(id))
    }
}
