import JSON
import Testing

@Suite("Errors of the parser")
struct JSONErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let code: JSONError.Code
        let offset: Int
        let path: String
        var testDescription: String { text.debugDescription }

        init(_ text: String, _ code: JSONError.Code, _ offset: Int, _ path: String = "$") {
            self.text = text
            self.code = code
            self.offset = offset
            self.path = path
        }
    }

    static let cases: [Case] = [
        Case("", .empty, 0),
        Case(" \n ", .empty, 3),
        Case("<html>", .notJSON, 0),
        Case("  nothing here", .notJSON, 2),
        Case("'a'", .notJSON, 0),
        Case("{", .truncated, 1),
        Case("[1,", .truncated, 3, "$[1]"),
        Case(#"{"a":{"b":"#, .truncated, 10, "$.a.b"),
        Case(#"{"a":"x"#, .truncated, 7, "$.a"),
        Case(#"["a\"#, .truncated, 4, "$[0]"),
        Case("tru", .truncated, 3),
        Case("-", .truncated, 1),
        Case(#"{"objects":["a","b","c",}"#, .unexpectedByte, 24, "$.objects[3]"),
        Case(#"{"a":1,}"#, .unexpectedByte, 7, "$.a"),
        Case(#"{"a" 1}"#, .unexpectedByte, 5, "$.a"),
        Case(#"{a:1}"#, .unexpectedByte, 1),
        Case("[1 2]", .unexpectedByte, 3, "$[0]"),
        Case("[1}", .unexpectedByte, 2, "$[0]"),
        Case("[truex]", .unexpectedByte, 5, "$[0]"),
        Case("[nul]", .unexpectedByte, 4, "$[0]"),
        Case("[,1]", .unexpectedByte, 1, "$[0]"),
        Case(#"["a""b"]"#, .unexpectedByte, 4, "$[0]"),
        Case("[01]", .invalidNumber, 1, "$[0]"),
        Case("[1.]", .invalidNumber, 1, "$[0]"),
        Case("[1e+]", .invalidNumber, 1, "$[0]"),
        Case("[-x]", .invalidNumber, 1, "$[0]"),
        Case(#"[12"abc"]"#, .invalidNumber, 1, "$[0]"),
        Case(#"["\x"]"#, .invalidEscape, 2, "$[0]"),
        Case(#"["\u12g4"]"#, .invalidEscape, 2, "$[0]"),
        Case("[\"a\nb\"]", .controlCharacter, 3, "$[0]"),
        Case("[1] x", .trailingContent, 4),
        Case("{}{}", .trailingContent, 2),
        Case("1 2", .trailingContent, 2),
        Case(#"{"x y":{"it's":[1.]}}"#, .invalidNumber, 16, #"$['x y']['it\'s'][0]"#),
    ]

    @Test(arguments: cases)
    func eachSaysWhatAndWhere(expected: Case) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: expected.text) }
        #expect(error?.code == expected.code)
        #expect(error?.offset == expected.offset)
        #expect(error?.path == expected.path)
    }

    @Test(
        arguments: [
            ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
            ([0x22, 0x61, 0xE2, 0x28, 0xA1, 0x22], 2), ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1),
            ([0x22, 0x80, 0x22], 1),
        ] as [([UInt8], Int)])
    func invalidUTF8IsFoundAtItsByte(bytes: [UInt8], offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        #expect(error?.code == .invalidUTF8)
        #expect(error?.offset == offset)
    }

    @Test func theSentenceIsForAPerson() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"objects": ["a", x]}"#) }
        #expect(error?.description == "expected a value, found 'x]}' (at $.objects[1], byte 18)")
    }
}
