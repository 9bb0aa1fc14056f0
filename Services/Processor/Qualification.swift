import Contracts
import Factors
import JSON
import Postgres
import Store

/// The factors of a request, read, and what objects come to under them. Pure.
struct Qualification: Sendable {
    /// A factor with the datapoint that it looks at.
    private struct Part {
        let factor: Factor
        let datapoint: DatapointID
        let sentence: JSONValue
    }

    private let expression: FactorExpression
    private let parts: [Part]

    /// Reads what the catalogue has. A factor that cannot be read, or is not there any more, is unknown of every object.
    init(_ criteria: Criteria) throws {
        expression = try FactorExpression(JSONValue(parsing: criteria.expression.bytes))
        parts = try criteria.factors.compactMap { record -> Part? in
            guard let type = FactorType(rawValue: record.type), let use = FactorUse(rawValue: record.use),
                let comparison = FactorOperator(rawValue: record.comparison)
            else { return nil }
            let value = try record.value.map { try JSONValue(parsing: $0.bytes) } ?? .null
            guard
                let factor = try? Factor(
                    key: record.key, objectType: record.names.objectType, datapoint: record.names.datapoint, type: type,
                    use: use, comparison: comparison, value: value)
            else { return nil }
            // The same for every object.
            return Part(factor: factor, datapoint: record.datapoint, sentence: .string(factor.sentence))
        }
    }

    /// The datapoints that the factors look at.
    var datapoints: [DatapointID] { Array(Set(parts.map(\.datapoint))) }

    /// The verdict on an object.
    ///
    /// - Parameter value: its value of a datapoint, as JSON; nil when there is none.
    func verdict(on position: Int, value: (DatapointID) -> JSONB?) -> ObjectVerdict {
        var outcomes: [String: FactorOutcome] = [:]
        var lines: [JSONValue] = []
        for part in parts {
            // What cannot be read is no value.
            let found = value(part.datapoint).flatMap { try? JSONValue(parsing: $0.bytes) }
            let outcome = part.factor.evaluate(found)
            outcomes[part.factor.key] = outcome
            var line: JSONObject = [
                "factor": .string(part.factor.key), "outcome": .string(outcome.rawValue),
                "sentence": part.sentence,
            ]
            line["value"] = found
            lines.append(.object(line))
        }
        let isQualified = expression.evaluate { outcomes[$0] ?? .unknown } == .passed
        return ObjectVerdict(
            position: position, isQualified: isQualified, factors: JSONB(JSONValue.array(lines).encoded()))
    }
}
