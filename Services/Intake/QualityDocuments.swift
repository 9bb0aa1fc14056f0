import Contracts
import JSON
import Postgres
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The JSON documents about the quality of data.
enum QualityDocuments {
    /// The quality of what one request has brought.
    static func quality(_ quality: DataQuality, of request: ActivityRequestID) -> JSONValue {
        var document = members(of: quality)
        document["request"] = .string("\(request)")
        return .object(document)
    }

    /// The quality of what one source has given since a moment.
    static func quality(_ quality: DataQuality, ofSource source: String, since: Date) -> JSONValue {
        var document = members(of: quality)
        document["source"] = .string(source)
        document["since"] = .string(timestamp(since))
        return .object(document)
    }

    private static func members(of quality: DataQuality) -> JSONObject {
        [
            "runs": [
                "total": number(quality.runs.total), "open": number(quality.runs.open), "is_cut": .bool(quality.isCut),
                "oldest_at": quality.oldestRunAt.map { .string(timestamp($0)) } ?? .null,
            ],
            "coverage": .array(quality.coverage.map(coverage)),
            "failed_conversions": .array(quality.conversions.map(conversion)),
            "conflicting_values": .array(quality.conflicts.map(conflict)),
            "empty_answers": .array(quality.emptyAnswers.map(emptiness)),
            "failed_runs": .array(quality.failures.map(failure)),
        ]
    }

    private static func coverage(_ coverage: DataQuality.Coverage) -> JSONValue {
        let answered = coverage.objects - coverage.unanswered
        return [
            "source": .string(coverage.source), "datapoint": .string(coverage.datapoint),
            "objects": number(coverage.objects), "with_value": number(coverage.withValue),
            "with_null": number(coverage.withNull), "with_nothing": number(coverage.withNothing),
            "unanswered": number(coverage.unanswered),
            // Of the answers, in percent, rounded down: 100 means all.
            "percent": answered == 0 ? .null : number(coverage.withValue * 100 / answered),
            "advice": optional(QualityAdvice.about(coverage)),
        ]
    }

    private static func conversion(_ conversion: DataQuality.Conversion) -> JSONValue {
        [
            "source": .string(conversion.source), "datapoint": optional(conversion.datapoint),
            "count": number(conversion.count), "objects": texts(conversion.objects), "path": .string(conversion.path),
            "found": .string(conversion.found), "reason": .string(conversion.reason),
            "advice": .string(QualityAdvice.about(conversion)),
        ]
    }

    private static func conflict(_ conflict: DataQuality.Conflict) -> JSONValue {
        [
            "datapoint": .string(conflict.datapoint), "count": number(conflict.count),
            "examples": (try? JSONValue(parsing: conflict.examples.bytes)) ?? .array([]),
            "advice": .string(QualityAdvice.about(conflict)),
        ]
    }

    private static func emptiness(_ emptiness: DataQuality.Emptiness) -> JSONValue {
        [
            "source": .string(emptiness.source), "kind": .string(emptiness.kind), "runs": number(emptiness.runs),
            "objects": texts(emptiness.objects), "reason": optional(emptiness.reason),
            "advice": optional(QualityAdvice.about(emptiness)),
        ]
    }

    private static func failure(_ failure: DataQuality.Failure) -> JSONValue {
        [
            "source": .string(failure.source), "state": .string(failure.state), "substate": optional(failure.substate),
            "runs": number(failure.runs), "objects": texts(failure.objects), "reason": optional(failure.reason),
            "advice": .string(QualityAdvice.about(failure)),
        ]
    }

    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    private static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private static func timestamp(_ date: Date) -> String {
        Timestamp.rfc3339(nanosecondsSinceEpoch: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) * 1000)
    }
}
