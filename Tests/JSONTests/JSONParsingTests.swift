import JSON
import Testing

@Suite("Parsing JSON values")
struct JSONParsingTests {
    @Test func everyKindOfValueIsRead() throws {
        let value = try JSONValue(parsing: #" {"n":null,"t":true,"f":false,"i":-12,"s":"a\u00e9\n","a":[1,[],{}]} "#)
        let expected: JSONValue = ["n": .null, "t": true, "f": false, "i": -12, "s": "a\u{e9}\n", "a": [1, [], [:]]]
        #expect(value == expected)
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["s"]?.stringValue == "aé\n")
        #expect(value["t"]?.boolValue == true)
        #expect(value["missing"] == nil)
        #expect(value["a"]?[3] == nil)
        #expect(value["n"]?.isNull == true)
    }

    @Test(arguments: [
        "1.10", "-0", "0.000", "123456789012345678901234567890", "1e400000", "-1.5E-7", "18446744073709551616",
    ])
    func numbersKeepTheirExactText(text: String) throws {
        let value = try JSONValue(parsing: "[\(text)]")
        #expect(value[0]?.numberValue?.text == text)
        #expect(value.description == "[\(text)]")
    }

    @Test func numbersAreConvertedOnlyWhereTheyFit() throws {
        #expect(JSONNumber("2e3")?.intValue == 2000)
        #expect(JSONNumber("2.50")?.intValue == nil)
        #expect(JSONNumber("9223372036854775807")?.intValue == .max)
        #expect(JSONNumber("9223372036854775808")?.intValue == nil)
        #expect(JSONNumber("1e400000")?.doubleValue == nil)
        #expect(JSONNumber("2.50")?.doubleValue == 2.5)
        #expect(JSONNumber(Double.infinity) == nil)
        for text in ["", "01", "1.", ".5", "+1", "1e", "0x1", "1 ", "NaN", "-"] {
            #expect(JSONNumber(text) == nil, "\(text)")
        }
    }

    @Test func theLastOfRepeatedKeysCountsAtThePlaceOfTheFirst() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":2,"\u0061":3}"#)
        #expect(value.description == #"{"a":3,"b":2}"#)
    }

    @Test func largeObjectsFindTheirKeysAndKeepTheirOrder() throws {
        let keys = (0..<1000).map { "key\($0)" }
        var object = JSONObject(keys.map { ($0, .string($0)) })
        #expect(try JSONValue(parsing: JSONValue.object(object).encoded()).objectValue?.keys == keys)
        #expect(keys.allSatisfy { object[$0]?.stringValue == $0 })
        for key in keys.dropFirst(3) { object[key] = nil }
        #expect(object.keys == ["key0", "key1", "key2"])
        object["key1"] = 5
        #expect(object["key1"] == 5)
    }

    @Test func objectsAreEqualInAnyOrder() {
        let one: JSONValue = ["a": 1, "b": [2, 3]]
        let other: JSONValue = ["b": [2, 3], "a": 1]
        #expect(one == other)
        #expect(one.hashValue == other.hashValue)
        #expect(one != ["a": 1])
        #expect(([1, 2] as JSONValue) != [2, 1])
    }

    @Test func aByteOrderMarkIsIgnored() throws {
        #expect(try JSONValue(parsing: "\u{FEFF}[1]") == [1])
    }

    @Test func aNULIsTextAndHalfASurrogatePairIsAnError() throws {
        #expect(try JSONValue(parsing: #""\u0000""#) == "\u{0}")
        #expect(try JSONValue(parsing: #""\ud83d\ude00""#) == "😀")
        for text in [#"{"a":["x","\ud83d"]}"#, #"{"a":["x","\ude00x"]}"#, #"{"a":["x","\ud83d\ud83d\ude00"]}"#] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
            #expect(error?.code == .loneSurrogate)
            #expect(error?.path == "$.a[1]")
        }
    }

    @Test func nestingIsBoundedExactly() throws {
        let limits = JSONLimits(depthMax: 100)
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(100), limits: limits) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(101), limits: limits) }
        #expect(error?.code == .tooDeep)
        #expect(error?.offset == 100)
        // So deep that anything recursive would end the process.
        let deep = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(1_000_000), limits: limits) }
        #expect(deep?.code == .tooDeep)
    }

    @Test func lengthIsBounded() throws {
        let limits = JSONLimits(bytesMax: 6)
        #expect(throws: Never.self) { try JSONValue(parsing: "[1234]", limits: limits) }
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "[12345]", limits: limits) }
        #expect(error?.code == .tooLarge)
    }

    @Test func aDocumentOfSixteenMegabytesIsRead() throws {
        let element = #"{"name":"company number one","domain":"one.example","size":12345}"#
        let count = (16 << 20) / (element.utf8.count + 1) - 1
        let text = "[" + repeatElement(element, count: count).joined(separator: ",") + "]"
        let value = try JSONValue(parsing: text)
        #expect(value.arrayValue?.count == count)
        #expect(value.encoded() == Array(text.utf8))
    }
}
