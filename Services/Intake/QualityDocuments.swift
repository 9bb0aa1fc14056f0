import Contracts
import JSON
import Postgres
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
        document["since"] = .moment(since)
        return .object(document)
    }

    private static func members(of quality: DataQuality) -> JSONObject {
        [
            "runs": [
                "total": .count(quality.runs.total), "open": .count(quality.runs.open), "is_cut": .bool(quality.isCut),
                "oldest_at": .moment(quality.oldestRunAt),
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
            "objects": .count(coverage.objects), "with_value": .count(coverage.withValue),
            "with_null": .count(coverage.withNull), "with_nothing": .count(coverage.withNothing),
            "unanswered": .count(coverage.unanswered),
            // Of the answers, in percent, rounded down: 100 means all.
            "percent": answered == 0 ? .null : .count(coverage.withValue * 100 / answered),
            "advice": .text(QualityAdvice.about(coverage)),
        ]
    }

    private static func conversion(_ conversion: DataQuality.Conversion) -> JSONValue {
        [
            "source": .string(conversion.source), "datapoint": .text(conversion.datapoint),
            "count": .count(conversion.count), "objects": .texts(conversion.objects), "path": .string(conversion.path),
            "found": .string(conversion.found), "reason": .string(conversion.reason),
            "advice": .string(QualityAdvice.about(conversion)),
        ]
    }

    private static func conflict(_ conflict: DataQuality.Conflict) -> JSONValue {
        [
            "datapoint": .string(conflict.datapoint), "count": .count(conflict.count),
            "examples": (try? JSONValue(parsing: conflict.examples.bytes)) ?? .array([]),
            "advice": .string(QualityAdvice.about(conflict)),
        ]
    }

    private static func emptiness(_ emptiness: DataQuality.Emptiness) -> JSONValue {
        [
            "source": .string(emptiness.source), "kind": .string(emptiness.kind), "runs": .count(emptiness.runs),
            "objects": .texts(emptiness.objects), "reason": .text(emptiness.reason),
            "advice": .text(QualityAdvice.about(emptiness)),
        ]
    }

    private static func failure(_ failure: DataQuality.Failure) -> JSONValue {
        [
            "source": .string(failure.source), "state": .string(failure.state), "substate": .text(failure.substate),
            "runs": .count(failure.runs), "objects": .texts(failure.objects), "reason": .text(failure.reason),
            "advice": .string(QualityAdvice.about(failure)),
        ]
    }
}
