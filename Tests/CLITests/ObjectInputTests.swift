import Testing

@testable import CLI

@Suite("Objects from options and files")
struct ObjectInputTests {
    @Test func aListIsSplitAtItsCommas() throws {
        #expect(try ObjectList.parse(list: "DE, FR ,NO") == ["DE", "FR", "NO"])
    }

    @Test(arguments: ["", "DE,,NO", "DE,", " "])
    func anEmptyNameInAListIsAUsageError(_ list: String) {
        let error = #expect(throws: CommandError.self) { try ObjectList.parse(list: list) }
        #expect(error?.status == .usage)
    }

    @Test func theFirstColumnOfCSVCountsFromTheFirstLineOn() throws {
        #expect(try csv("DE,1\r\nFR,2\n\nNO") == ["DE", "FR", "NO"])
    }

    @Test func aHeadingWithObjectOrNameSaysWhichColumn() throws {
        #expect(try csv("id,Name,city\n1,Acme,Oslo\n2,Globex,Rome\n") == ["Acme", "Globex"])
        #expect(try csv("\u{FEFF}object\nDE\n") == ["DE"])
    }

    @Test func aColumnCanBeAskedForByName() throws {
        #expect(try csv("id,legal\n1,Acme\n", column: "legal") == ["Acme"])
    }

    @Test func quotedFieldsHoldCommasQuotesAndLineEnds() throws {
        #expect(
            try csv("\"Acme, Inc.\",1\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n") == [
                "Acme, Inc.", "say \"hi\"", "two\nlines",
            ])
    }

    @Test(
        arguments: [
            ("DE\n\"a\nb\"\nNO,x\n,y\n", nil, "in.csv:5: the name in column 1 is empty"),
            ("DE\nFR\n\"open\nNO\n", nil, "in.csv:3: the quote that opens here is never closed"),
            ("DE\n\"a\"b\n", nil, "in.csv:2: text stands behind a closing quote"),
            ("id,name\n1,Acme\n2\n", nil, "in.csv:3: the line has 1 columns; the name should be in column 2"),
            (
                "id,legal_name\n1,Acme\n", "legalname",
                "in.csv:1: there is no column 'legalname'; did you mean 'legal_name'?"
            ),
        ] as [(String, String?, String)])
    func faultsOfCSVNameTheirLine(_ text: String, _ column: String?, _ problem: String) {
        let error = #expect(throws: CommandError.self) { try csv(text, column: column) }
        #expect(error?.problem == problem)
    }

    @Test func textThatIsNotUTF8IsRefusedWithItsLine() {
        let error = #expect(throws: CommandError.self) {
            try CSVObjects.parse(Array("DE\n".utf8) + [0xFF, 0x0A], file: "in.csv", column: nil)
        }
        #expect(error?.problem == "in.csv:2: this is not UTF-8 text")
    }

    @Test func jsonLinesAreTextsOrObjects() throws {
        #expect(try ndjson("\"DE\"\n\n{\"object\": \"FR\"}\r\n{\"name\": \"NO\", \"x\": 1}\n") == ["DE", "FR", "NO"])
        #expect(try ndjson("{\"legal\": \"Acme\"}\n", member: "legal") == ["Acme"])
    }

    @Test(
        arguments: [
            ("\"DE\"\n{\"a\": 1}\n", "in.ndjson:2: the object has no member object or name"),
            ("\"DE\"\n\n\n{\"name\": 7}\n", "in.ndjson:4: name is a number, not a text"),
            ("\"DE\"\n[1]\n", "in.ndjson:2: expected a text or an object, found an array"),
            ("\"\"\n", "in.ndjson:1: the name is empty"),
        ] as [(String, String)])
    func faultsOfJSONLinesNameTheirLine(_ text: String, _ problem: String) {
        let error = #expect(throws: CommandError.self) { try ndjson(text) }
        #expect(error?.problem == problem)
    }

    @Test func brokenJSONIsRefusedWithItsLine() {
        let error = #expect(throws: CommandError.self) { try ndjson("\"DE\"\n{\"object\": \n") }
        #expect(error?.problem.hasPrefix("in.ndjson:2: this is not JSON: ") == true)
    }

    private func csv(_ text: String, column: String? = nil) throws(CommandError) -> [String] {
        try CSVObjects.parse(Array(text.utf8), file: "in.csv", column: column)
    }

    private func ndjson(_ text: String, member: String? = nil) throws(CommandError) -> [String] {
        try NDJSONObjects.parse(Array(text.utf8), file: "in.ndjson", member: member)
    }
}
