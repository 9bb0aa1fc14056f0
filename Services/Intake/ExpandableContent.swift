import Contracts
import JSON
import Postgres
import Store

/// What a request asks for, read once for all of its chunks. Pure.
struct ExpandableContent: Sendable {
    /// The names of its objects; nil when it finds them.
    let names: [String]?
    /// Variables of templates that the request itself gives no value for: an object may have one.
    let needs: [TemplateNeed]

    static let nothing = ExpandableContent(names: [], needs: [])

    /// Whether runs may be found to lack a value.
    var mayHaveInvalidRuns: Bool { !needs.isEmpty }

    /// Reads a request; checks it once more, since nobody may have checked it, and its activity may have changed since.
    static func read(
        _ request: ExpandableRequest, limits: ActivityRequestBody.Limits
    ) -> Result<ExpandableContent, Problem> {
        do {
            guard let terms = request.terms else {
                throw Problem.invalidRequest([.init(path: "$.activity", message: "is of a type that cannot run")])
            }
            let body = try ActivityRequestBody(
                JSONValue(parsing: request.content.bytes), limits: limits, needsActivity: false)
            try body.check(terms, limits: limits)
            return .success(
                ExpandableContent(names: body.objects, needs: needs(of: body, request.sources, terms.input)))
        } catch let problem as Problem {
            return .failure(problem)
        } catch {
            return .failure(Problem.invalidRequest([.init(path: "$", message: "\(error)")]))
        }
    }

    private static func needs(
        of body: ActivityRequestBody, _ sources: [ExpandableRequest.Source], _ declared: ActivityInput
    ) -> [TemplateNeed] {
        sources.enumerated().flatMap { place, source in
            source.requiredVariables
                .filter { variable in
                    if variable == "object" || variable == "objects" { return body.objects == nil }
                    return body.input[variable] == nil && declared[variable]?.standard == nil
                }
                .map { TemplateNeed(source: place, variable: $0) }
        }
    }
}
