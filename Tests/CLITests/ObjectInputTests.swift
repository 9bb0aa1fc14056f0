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

    @Test func withoutAHeadingEveryLineIsAnObject() throws {
        let found = try csv("DE,1\r\nFR,2\n\nNO", hasHeader: false)
        #expect(found.names == ["DE", "FR", "NO"])
        #expect(found.summary == "took 3 objects from column 1 of in.csv, its first line included: DE, FR, NO")
        #expect(try csv("1,DE\n2,FR\n", column: "2", hasHeader: false).names == ["DE", "FR"])
        // Also a line that looks like a heading.
        #expect(try csv("name\nDE\n", hasHeader: false).names == ["name", "DE"])
    }

    @Test func aHeadingWithObjectOrNameSaysWhichColumn() throws {
        let found = try csv("id,Name,city\n1,Acme,Oslo\n2,Globex,Rome\n")
        #expect(found.names == ["Acme", "Globex"])
        #expect(
            found.summary
                == "took 2 objects from column 'Name' of in.csv, whose first line is a heading: Acme, Globex")
        #expect(try csv("\u{FEFF}object\nDE\n").names == ["DE"])
    }

    @Test func aColumnCanBeAskedForByName() throws {
        #expect(try csv("id,legal\n1,Acme\n", column: "legal").names == ["Acme"])
        #expect(try csv("id,legal\n1,Acme\n", column: "legal", hasHeader: true).names == ["Acme"])
    }

    @Test func ofOneColumnAHeadingMayHaveAnyTitle() throws {
        let found = try csv("country\nDE\n", hasHeader: true)
        #expect(found.names == ["DE"])
        #expect(found.summary == "took 1 object from column 'country' of in.csv, whose first line is a heading: DE")
    }

    /// Neither an object too many nor one too few.
    @Test(
        arguments: [
            ("country\nDE\n", nil, nil, "in.csv:1: it cannot be told whether 'country' is a heading or an object"),
            ("DE\nFR\n", nil, nil, "in.csv:1: it cannot be told whether 'DE' is a heading or an object"),
            ("id,legal\n1,Acme\n", nil, nil, "in.csv:1: no column is called object or name"),
            ("id,legal\n1,Acme\n", nil, true, "in.csv:1: no column is called object or name"),
            ("1,Acme\n", "legal", false, "in.csv:1: without a heading there is no column 'legal'"),
            ("1,Acme\n", "3", false, "in.csv:1: without a heading there is no column '3'"),
        ] as [(String, String?, Bool?, String)])
    func whatCannotBeToldIsAskedFor(_ text: String, _ column: String?, _ hasHeader: Bool?, _ problem: String) {
        let error = #expect(throws: CommandError.self) { try csv(text, column: column, hasHeader: hasHeader) }
        #expect(error?.problem == problem)
        #expect(error?.status == .usage)
        #expect(error?.remedy != nil)
    }

    @Test func quotedFieldsHoldCommasQuotesAndLineEnds() throws {
        #expect(
            try csv("\"Acme, Inc.\",1\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n", hasHeader: false).names == [
                "Acme, Inc.", "say \"hi\"", "two\nlines",
            ])
    }

    @Test(
        arguments: [
            ("name\n\"a\nb\"\nNO,x\n,y\n", nil, "in.csv:5: the name in column 1 is empty"),
            ("name\nFR\n\"open\nNO\n", nil, "in.csv:3: the quote that opens here is never closed"),
            ("name\n\"a\"b\n", nil, "in.csv:2: text stands behind a closing quote"),
            ("id,name\n1,Acme\n2\n", nil, "in.csv:3: the line has 1 column; the name should be in column 2"),
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
            try CSVObjects.parse(
                Array("name\n".utf8) + [0xFF, 0x0A], file: "in.csv", column: nil, hasHeader: nil)
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

    private func csv(
        _ text: String, column: String? = nil, hasHeader: Bool? = nil
    ) throws(CommandError) -> FoundObjects {
        try CSVObjects.parse(Array(text.utf8), file: "in.csv", column: column, hasHeader: hasHeader)
    }

    private func ndjson(_ text: String, member: String? = nil) throws(CommandError) -> [String] {
        try NDJSONObjects.parse(Array(text.utf8), file: "in.ndjson", member: member)
    }
}
