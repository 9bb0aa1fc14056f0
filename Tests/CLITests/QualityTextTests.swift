import JSON
import Testing

@testable import CLI

@Suite("Data quality in words")
struct QualityTextTests {
    @Test func thereIsATableOfEachKindAndEachSentenceOnce() throws {
        let overview = try QualityOverview(AnswerReader(parsing: Array(Self.answer.utf8)))
        let tables = QualityText.tables(overview)
        #expect(
            tables.map(\.title) == [
                "Coverage of datapoints", "Values that could not be converted", "Values that contradict each other",
                "Runs without success",
            ])
        #expect(
            tables.map { $0.table.lines() } == [
                [
                    "SOURCE    DATAPOINT  OBJECTS  VALUE  NULL  NOTHING  NO ANSWER  COVERAGE",
                    "registry  founded          5      0     0        4          1       0 %",
                    "registry  size             1      0     0        0          1         –",
                ],
                [
                    "SOURCE    DATAPOINT  COUNT  PATH    REASON   OBJECTS",
                    "registry  (name)         2  $.a[0]  no name",
                ],
                [
                    "DATAPOINT  OBJECTS  EXAMPLES",
                    #"size             9  acme: 5 (a), "x" (b); zeta: 1 (a), 2 (b)"#,
                ],
                [
                    "SOURCE    STATE   SUBSTATE  RUNS  REASON     OBJECTS",
                    "registry  failed  http_500     2  it failed  XX, YY",
                ],
            ])
        #expect(overview.advice == ["Compare the path.", "Retry."])
        #expect(
            QualityText.lines(overview, of: "source registry", style: .plain) == [
                "source registry: 7 runs, 1 of them open",
                "there are more runs than are looked at: these are 7, made since 2026-11-26 08:00Z",
            ])
    }

    private static let answer = """
        {"source": "registry", "since": "2026-11-25T08:00:00Z",
         "runs": {"total": 7, "open": 1, "is_cut": true, "oldest_at": "2026-11-26T08:00:00Z"},
         "coverage": [
           {"source": "registry", "datapoint": "founded", "objects": 5, "with_value": 0, "with_null": 0, "with_nothing": 4,
            "unanswered": 1, "percent": 0, "advice": "Compare the path."},
           {"source": "registry", "datapoint": "size", "objects": 1, "with_value": 0, "with_null": 0, "with_nothing": 0,
            "unanswered": 1, "percent": null, "advice": null}],
         "failed_conversions": [
           {"source": "registry", "datapoint": null, "count": 2, "objects": [], "path": "$.a[0]", "found": "7",
            "reason": "no name", "advice": "Compare the path."}],
         "conflicting_values": [
           {"datapoint": "size", "count": 9, "advice": "Retry.", "examples": [
             {"object": "acme", "request": "r", "values": [{"source": "a", "value": 5}, {"source": "b", "value": "x"}]},
             {"object": "zeta", "request": "r", "values": [{"source": "a", "value": 1}, {"source": "b", "value": 2}]}]}],
         "empty_answers": [],
         "failed_runs": [
           {"source": "registry", "state": "failed", "substate": "http_500", "runs": 2, "objects": ["XX", "YY"],
            "reason": "it failed", "advice": "Retry."}]}
        """
}
