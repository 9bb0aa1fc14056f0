import JSON
import Store

/// What is answered to whoever takes runs up again.
extension RequestDocuments {
    static func retried(_ page: RetryPage) -> JSONValue {
        [
            "retried": .number(JSONNumber(page.retried)), "requests": .number(JSONNumber(page.requests)),
            "cursor": cursor(page.next),
        ]
    }

    static func preview(_ page: RetryPreview) -> JSONValue {
        let groups = page.groups.map { group -> JSONValue in
            [
                "state": .string(group.state), "substate": group.substate.map { .string($0) } ?? .null,
                "source": group.source.map { .string($0) } ?? .null, "count": .number(JSONNumber(group.count)),
            ]
        }
        return [
            "runs": .array(groups), "makes_runs": .bool(page.makesRuns), "cursor": cursor(page.next),
        ]
    }

    private static func cursor(_ next: RetryFilter.Scope?) -> JSONValue {
        switch next {
        case .request(_, let first): .string("\(first)")
        case .runs(let after, _, _): after.map { .string("\($0)") } ?? .null
        case .run, nil: .null
        }
    }
}
