import JSON
import Workflows

extension WorkflowDefinition {
    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["name", "webhook_endpoints", "data"])
        var endpoints: [String]? = []
        if let list = body["webhook_endpoints"] {
            endpoints = list.references(to: "webhook endpoint", among: scope.webhookEndpoints)
        }
        let graph = body.required("data", "its steps by key, each with id and setup")?
            .workflowGraph(activities: scope.activities)
        let name = body.name(orKey: key)
        guard let endpoints, let graph else { return nil }
        self.init(key: key, name: name, webhookEndpoints: endpoints, graph: graph)
    }
}

extension DocumentCursor {
    /// The steps of a workflow; what is wrong with them is logged where it stands.
    fileprivate func workflowGraph(activities: [String: WorkflowActivity]) -> WorkflowGraph? {
        guard let data = json() else { return nil }
        do {
            return try WorkflowGraph(reading: data, activities: activities)
        } catch {
            for violation in error.violations {
                let (place, path) = place(below: violation.path)
                log.add(
                    CatalogueProblem(
                        code: .brokenWorkflowRule, place: place, path: path,
                        what: "\(violation.what) (rule \(violation.rule.rawValue))", remedy: violation.remedy))
            }
            return nil
        }
    }

    /// Where something below this node stands, or where the deepest part of its path does that is there, and the whole path.
    private func place(below path: [String]) -> (CatalogueProblem.Place, String) {
        var place = node.place
        var text = self.path
        var current: DocumentNode? = node
        for name in path {
            switch current?.content {
            case .mapping(let entries):
                let entry = entries.first { $0.key == name }
                place = entry?.keyPlace ?? place
                current = entry?.value
                text += ".\(name)"
            case .sequence(let elements):
                current = Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
                place = current?.place ?? place
                text += "[\(name)]"
            default:
                current = nil
                text += ".\(name)"
            }
        }
        return (place, text)
    }
}
