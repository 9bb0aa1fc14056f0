import Testing

@testable import Mapping

@Suite("Places that no path reads")
struct UnreadPlacesTests {
    private let document = Array(
        #"""
        {"results":[{"name":"Abel","size":3,"tags":["a","b"],"at":{"city":"Bonn"}},{"name":"Bebel","size":null,"tags":[]}],
         "meta":{"total":2,"a b":true}}
        """#.utf8)

    @Test func whatIsAlikeIsCountedAndWhatIsReadIsLeftOut() throws {
        let unread = try PatternSet([["results", "*", "name"], ["results", "*", "at"]]).unread(in: document)
        #expect(
            unread.places.map { "\($0.path) \($0.count) \(String(decoding: $0.example, as: UTF8.self))" } == [
                "$.results[*].size 2 3", #"$.results[*].tags[*] 2 "a""#, "$.results[*].tags 1 []", "$.meta.total 1 2",
                "$.meta['a b'] 1 true",
            ])
        #expect(unread.unlistedCount == 0)
    }

    @Test func aPatternOfTheWholeDocumentLeavesNothing() throws {
        let unread = try PatternSet([[]]).unread(in: document)
        #expect(unread.places.isEmpty)
    }

    @Test func moreThanTheBoundIsCounted() throws {
        let unread = try PatternSet([]).unread(in: document, placesMax: 2)
        #expect(unread.places.map(\.path) == ["$.results[*].name", "$.results[*].size"])
        #expect(unread.places.map(\.count) == [2, 2] && unread.unlistedCount == 6)
    }
}
