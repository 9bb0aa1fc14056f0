import JSON
import Testing

@testable import CLI

@Suite("Pages of a replay, added up")
struct ReplaySummaryTests {
    private func summary(_ pages: [String], examplesMax: Int = 1) throws -> ReplaySummary {
        var summary = ReplaySummary(examplesMax: examplesMax)
        for page in pages { try summary.add(AnswerReader(parsing: Array(page.utf8))) }
        return summary
    }

    private func text(_ summary: ReplaySummary) -> String {
        let terminal = Terminal()
        summary.print(to: terminal.console)
        return terminal.output
    }

    private static let pages = [
        #"""
        {"runs":2,"failed":0,"reason":null,"datapoints":[
          {"datapoint":"size","added":1,"changed":0,"removed":2,"unchanged":1},
          {"datapoint":"name","added":0,"changed":2,"removed":0,"unchanged":0}],
         "examples":[{"object":"b","datapoint":"size","old":null,"new":"1"},
          {"object":"b","datapoint":"name","old":"\"B\"","new":"\"Bee\""},
          {"object":"a","datapoint":"name","old":"\"A\"","new":"\"Ay\""}],"cursor":"2"}
        """#,
        #"""
        {"runs":1,"failed":1,"reason":"it is no JSON","datapoints":[
          {"datapoint":"size","added":0,"changed":0,"removed":3,"unchanged":0}],
         "examples":[{"object":"c","datapoint":"size","old":"3","new":null},
          {"object":"d","datapoint":"size","old":"4","new":null}],"cursor":"3"}
        """#,
        #"{"runs":1,"failed":1,"reason":"it is too deep","datapoints":[],"examples":[],"cursor":null}"#,
    ]

    @Test func countsOfAllPagesAreAddedAndExamplesAreFewOfEachKind() throws {
        let difference = try summary(Self.pages).difference
        #expect(difference["runs"] == 4 && difference["failed"] == 2)
        #expect(difference["reason"] == "it is no JSON", "the first reason")
        #expect(
            difference["datapoints"] == [
                "name": ["added": 0, "changed": 2, "removed": 0, "unchanged": 0],
                "size": ["added": 1, "changed": 0, "removed": 5, "unchanged": 1],
            ])
        #expect(
            difference["examples"] == [
                ["object": "b", "datapoint": "size", "old": .null, "new": "1"],
                ["object": "b", "datapoint": "name", "old": "\"B\"", "new": "\"Bee\""],
                ["object": "c", "datapoint": "size", "old": "3", "new": .null],
            ])
        #expect(try summary(Self.pages, examplesMax: 0).difference["examples"] == [])
        #expect(try summary(Self.pages, examplesMax: 2).difference["examples"]?.arrayValue?.count == 5)
    }

    @Test func aDryRunIsTablesAndASentence() throws {
        #expect(
            text(try summary(Self.pages)) == """
                DATAPOINT  ADDED  CHANGED  REMOVED  UNCHANGED
                name           0        2        0          0
                size           1        0        5          1

                OBJECT  DATAPOINT  NOW  THEN
                b       name       "B"  "Bee"
                b       size       –    1
                c       size       3    –

                2 runs would fail, the first because: it is no JSON
                4 answers mapped anew (nothing was written)

                """)
        let same =
            #"{"runs":1,"failed":0,"datapoints":[{"datapoint":"a","added":0,"changed":0,"removed":0,"unchanged":1}],"examples":[]}"#
        #expect(
            text(try summary([same])).contains(
                "1 answer mapped anew; the values stay as they are (nothing was written)"))
        for kind in ["added", "changed", "removed"] {
            let different = same.replacing("\"\(kind)\":0", with: "\"\(kind)\":1")
            #expect(text(try summary([different])).contains("1 answer mapped anew (nothing was written)"), "\(kind)")
        }
        #expect(text(try summary([])) == "There is no stored answer to map anew.\n")
    }

    @Test func theRunsOfAReplayAreAddedAndItIsReopenedByOnePage() throws {
        let outcome = try summary([
            #"{"replayed":5000,"reopened":true,"cursor":"5000"}"#, #"{"replayed":2,"reopened":false,"cursor":null}"#,
        ]).outcome
        #expect(outcome == ["replayed": 5002, "reopened": true])
        #expect(try summary([#"{"replayed":0,"reopened":false}"#]).outcome == ["replayed": 0, "reopened": false])
    }
}
