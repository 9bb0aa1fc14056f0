import Testing

@testable import CLI

@Suite("Tables for people")
struct TextTableTests {
    @Test func cellsStandBelowTheirTitles() {
        var table = TextTable("name", ">count")
        table.add(["Norway", "7"])
        table.add(["Åland", "1200"])
        #expect(table.lines() == ["NAME    COUNT", "Norway      7", "Åland    1200"])
    }

    @Test func missingCellsAreEmptyAndLinesHaveNoBlanksAtTheirEnds() {
        var table = TextTable("a", "b")
        table.add(["x"])
        #expect(table.lines() == ["A  B", "x"])
    }

    @Test func flagsAndWideCharactersTakeTwoColumns() {
        var table = TextTable("flag", "name", "code")
        table.add(["🇳🇴", "日本", "JP"])
        table.add(["x", "e\u{301}", "FR"])
        #expect(table.lines() == ["FLAG  NAME  CODE", "🇳🇴    日本  JP", "x     e\u{301}     FR"])
    }

    @Test(
        arguments: [
            ("", 0), ("abc", 3), ("Åland", 5), ("🇳🇴", 2), ("🇳🇴🇫🇷", 4), ("日本語", 6), ("한국", 4), ("👩‍👩‍👧", 2), ("e\u{301}", 1),
            ("❤\u{FE0F}", 2), ("❤", 1), ("ｆｕｌｌ", 8), ("a\u{200B}b", 2),
        ] as [(String, Int)])
    func displayWidthFollowsTerminals(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func theWidestColumnGivesWayOnANarrowTerminal() {
        var table = TextTable("id", "reason", ">count")
        table.add(["a", "the API answered with something very long", "12345"])
        for line in table.lines(width: 30) { #expect(DisplayWidth.of(line) <= 30) }
        #expect(table.lines(width: 30)[1] == "a   the API answered w…  12345")
    }

    @Test func onANarrowTerminalReasonsGoBelowTheirRowsAndWholeColumnsStayWhole() {
        var table = TextTable([.right("at"), .whole("what"), .left("by"), .below("why")])
        table.add(["1 ms", "runs in_progress → answered", "weir-processor", "the API answered HTTP 503; again in 3 s"])
        table.add(["2 ms", "request done", "weir-intake", ""])
        #expect(
            table.lines(width: 50) == [
                "  AT  WHAT                         BY", "1 ms  runs in_progress → answered  weir-processor",
                "        the API answered HTTP 503; again in 3 s", "2 ms  request done                 weir-intake",
            ])
        #expect(
            table.lines(width: 43).prefix(3) == [
                "  AT  WHAT                         BY", "1 ms  runs in_progress → answered  weir-pr…",
                "        the API answered HTTP 503; again in",
            ])
        #expect(
            table.lines(width: 36).prefix(6) == [
                "  AT  WHAT", "  BY", "1 ms  runs in_progress → answered", "  weir-processor",
                "        the API answered HTTP 503;", "        again in 3 s",
            ])
        #expect(table.lines(width: 100)[1].hasSuffix("weir-processor  the API answered HTTP 503; again in 3 s"))
    }

    @Test func paragraphsBreakBetweenWordsAndWithinLongOnes() {
        #expect(TerminalText.wrapped("one two three", width: 8) == ["one two", "three"])
        #expect(TerminalText.wrapped("a abcdefghij b", width: 4) == ["a", "abcd", "efgh", "ij b"])
        #expect(TerminalText.wrapped("日本語", width: 5) == ["日本", "語"])
        #expect(TerminalText.wrapped("", width: 5) == [""])
    }

    @Test func numbersAreNeverCut() {
        var table = TextTable("reason", ">count")
        table.add(["something rather long", "1234567890"])
        #expect(table.lines(width: 12).contains("  1234567890"))
    }

    @Test func whatCannotStandSideBySideGoesOverSeveralLines() {
        var table = TextTable([.whole("request"), .whole("made"), .left("activity"), .whole("state"), .right("runs")])
        table.add(["01a217eb-b8ba-7285-a0c0-1d7b5b89e728", "2026-11-26 12:54Z", "look_up", "done (partial)", "4"])
        table.add(["01a21800-2b95-7768-989c-87085ba79321", "2026-11-26 13:16Z"])
        #expect(
            table.lines(width: 60) == [
                "REQUEST                               MADE",
                "  ACTIVITY  STATE           RUNS",
                "01a217eb-b8ba-7285-a0c0-1d7b5b89e728  2026-11-26 12:54Z",
                "  look_up   done (partial)     4",
                "01a21800-2b95-7768-989c-87085ba79321  2026-11-26 13:16Z",
            ])
        #expect(table.lines(width: 100).count == 3)
        // One that is wider than the terminal is whole all the same: ids are copied.
        #expect(table.lines(width: 20).contains("01a217eb-b8ba-7285-a0c0-1d7b5b89e728"))
    }

    @Test func wideCharactersAreNotCutInHalf() {
        #expect(TerminalText.truncated("日本語", width: 4) == "日…")
        #expect(TerminalText.truncated("🇳🇴🇫🇷🇩🇪", width: 5) == "🇳🇴🇫🇷…")
        #expect(TerminalText.truncated("abc", width: 3) == "abc")
        #expect(TerminalText.truncated("abc", width: 0) == "")
    }

    @Test func whatATerminalWouldObeyIsTakenOut() {
        var table = TextTable("name")
        table.add(["a\u{1B}[31mred\u{7}\nnext\u{202E}"])
        #expect(table.lines()[1] == "a\u{FFFD}[31mred\u{FFFD} next\u{FFFD}")
    }
}
