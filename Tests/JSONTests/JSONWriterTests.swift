import JSON
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test func commasComeByThemselves() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a" as StaticString)
        writer.beginArray()
        writer.int(1)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.raw("[2,3]".utf8)
        writer.endArray()
        writer.key("b\"" as String)
        writer.bool(false)
        writer.key("c" as StaticString)
        writer.string("x")
        writer.endObject()
        #expect(String(decoding: writer.take(), as: UTF8.self) == #"{"a":[1,{},null,[2,3]],"b\"":false,"c":"x"}"#)
        #expect(writer.bytes.isEmpty)
    }

    @Test func everyControlCharacterIsEscapedWhereverItStands() throws {
        for code in UInt8(0)..<128 {
            for position in 0..<20 {
                var text = Array(repeating: UInt8(ascii: "x"), count: 20)
                text[position] = code
                var writer = JSONWriter()
                writer.string(utf8: text)
                #expect(writer.bytes.dropFirst().dropLast().allSatisfy { $0 >= 0x20 })
                #expect(try JSONValue(parsing: writer.bytes).stringValue == String(decoding: text, as: UTF8.self))
            }
        }
    }

    @Test func shortEscapesAreUsedAndAllElseStays() {
        let value: JSONValue = .string("\u{8}\t\n\u{c}\r\u{1f}\u{0}\"\\/\u{7f}é\u{2028}😀")
        #expect(value.description == "\"\\b\\t\\n\\f\\r\\u001f\\u0000\\\"\\\\/\u{7f}é\u{2028}😀\"")
    }

    @Test func documentsInARowAreNotSeparated() {
        var writer = JSONWriter()
        writer.int(1)
        writer.endDocument()
        writer.int(22)
        writer.removeLast(2)
        writer.string("x")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"1"x""#)
    }
}
