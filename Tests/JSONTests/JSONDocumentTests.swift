import JSON
import Testing

@Suite("Reading documents")
struct JSONDocumentTests {
    private let bytes = Array(#"{"a":{"b":[10,"x\n",null,{"c":true}]},"n":1.10,"a\u00e9":2,"n":1.20}"#.utf8)

    @Test func valuesAreFoundByKeyAndIndex() throws {
        let root = try JSONDocument(parsing: bytes).root
        let list = try #require(root["a"]?["b"])
        #expect(list[0]?.intValue == 10)
        #expect(list[1]?.stringValue == "x\n")
        #expect(list[2]?.isNull == true)
        #expect(list[3]?["c"]?.boolValue == true)
        #expect(list[4] == nil && list[-1] == nil && root["b"] == nil && root[0] == nil)
        #expect(root["aé"]?.intValue == 2)
        #expect(list.kind == .array)
        #expect(list.elements.map(\.kind) == [.number, .string, .null, .object])
    }

    @Test func theLastOfRepeatedKeysCountsAndNumbersKeepTheirText() throws {
        let root = try JSONDocument(parsing: bytes).root
        #expect(root["n"]?.numberValue?.text == "1.20")
        #expect(root.members.map(\.key) == ["a", "n", "aé", "n"])
    }

    @Test func everyValueKnowsItsPath() throws {
        let root = try JSONDocument(parsing: bytes).root
        #expect(root["a"]?["b"]?[3]?["c"]?.path.text == "$.a.b[3].c")
        #expect(root["aé"]?.path.text == "$.aé")
        #expect(root.path.text == "$")
    }

    @Test func aNodeOutlivesEverythingElse() throws {
        func node() throws -> JSONNode? { try JSONDocument(parsing: bytes).root["a"]?["b"]?[1] }
        #expect(try node()?.stringValue == "x\n")
    }

    @Test func halfASurrogatePairIsNoString() throws {
        let root = try JSONDocument(parsing: Array(#"["\ud800", "ok"]"#.utf8)).root
        #expect(root[0]?.stringValue == nil)
        #expect(root.value == nil)
        #expect(root[1]?.value == "ok")
    }

    @Test func aParserServesOneDocumentAfterTheOther() throws {
        let parser = JSONParser()
        for count in [1, 5_000, 3, 400_000, 2] {
            let text = Array("[\(repeatElement("[1]", count: count).joined(separator: ","))]".utf8)
            let nodes = try text.withUnsafeBytes { try parser.withTape(of: $0) { $0.count } }
            #expect(nodes == 1 + 2 * count)
            #expect(throws: JSONError.self) {
                try text.dropLast().withUnsafeBytes { try parser.withTape(of: $0) { _ in } }
            }
        }
    }

    @Test func documentsAreReadByManyTasksAtOnce() async throws {
        let root = try JSONDocument(parsing: bytes).root
        await withTaskGroup(of: String?.self) { group in
            for _ in 0..<16 { group.addTask { root["a"]?["b"]?[1]?.stringValue } }
            for await text in group { #expect(text == "x\n") }
        }
    }
}
