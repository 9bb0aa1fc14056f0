import JSON
import Testing

@Suite("Paths as text")
struct JSONPathTextTests {
    @Test func plainNamesGetADotAndAllOthersBrackets() {
        let root = JSONPathText()
        #expect(root.key("objects").index(3).text == "$.objects[3]")
        #expect(root.key("x-api-key").text == "$['x-api-key']")
        #expect(root.key("1a").text == "$['1a']")
        #expect(root.key("").text == "$['']")
        #expect(root.key("é_1").text == "$.é_1")
        #expect(root.key("it's\\\n\u{1}").text == #"$['it\'s\\\n\u0001']"#)
    }
}
