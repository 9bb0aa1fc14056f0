import Contracts
import JSON
import Postgres
import Store

/// What a request asks for, read once for all of its chunks. Pure.
struct ExpandableContent: Sendable {
    /// The names of its objects; nil when it finds them, or gathers them.
    let names: [String]?
    /// Whether its objects come from the steps before it in its workflow.
    var gathersObjects = false
    /// Variables of templates that the request itself gives no value for: an object may have one.
    let needs: [TemplateNeed]

    static let nothing = ExpandableContent(names: [], needs: [])

    /// Whether there may be no run that anybody could execute: all lack a value, or no object has come to the request.
    var mayHaveNothingToRun: Bool { !needs.isEmpty || gathersObjects }

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
            try body.check(terms, limits: limits, gathersObjects: request.gathersObjects)
            if request.gathersObjects {
                return .success(ExpandableContent(names: nil, gathersObjects: true, needs: []))
            }
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
