import JSON

/// What a request for a workflow has to say, and what it may: what its steps ask for.
public struct WorkflowTerms: Sendable, Equatable {
    /// A step, as far as its request is concerned.
    public struct Step: Sendable, Equatable {
        /// The key of the step in its workflow.
        public let key: String
        /// When it starts: in phase 1 at once.
        public let phase: Int
        /// What its activity asks for.
        public let terms: ActivityTerms

        /// A step of a workflow.
        public init(key: String, phase: Int, terms: ActivityTerms) {
            self.key = key
            self.phase = phase
            self.terms = terms
        }
    }

    /// The steps, by key.
    public let steps: [Step]

    /// Terms of a workflow with these steps.
    public init(steps: [Step]) {
        self.steps = steps
    }

    /// Whether the names of objects go to any step.
    fileprivate var takesObjects: Bool { steps.contains { $0.phase == 1 && $0.terms.type != .extract } }

    /// The first step that must be given objects.
    fileprivate var stepThatNeedsObjects: String? {
        steps.first { $0.phase == 1 && $0.terms.type == .enrichment }?.key
    }
}

extension WorkflowRequestBody {
    /// Checks the body against what the steps of its workflow ask for.
    ///
    /// - Throws: ``Problem`` `invalid_request` with every violation and its JSON path.
    public func check(
        _ terms: WorkflowTerms, limits: ActivityRequestBody.Limits = ActivityRequestBody.Limits()
    ) throws(Problem) {
        let violations = faultOfObjects(terms) + unknownInput(terms) + faultsOfInput(terms)
        if !violations.isEmpty { throw Problem.invalidRequest(Array(violations.prefix(limits.violationsMax))) }
    }

    private func faultOfObjects(_ terms: WorkflowTerms) -> [Problem.Violation] {
        if objects == nil, let step = terms.stepThatNeedsObjects {
            return [.init(path: "$.objects", message: "is missing; step \"\(step)\" needs the names of the objects")]
        }
        if objects != nil, !terms.takesObjects {
            return [.init(path: "$.objects", message: "must be left out: the workflow finds its objects by its input")]
        }
        return []
    }

    private func unknownInput(_ terms: WorkflowTerms) -> [Problem.Violation] {
        let known = Set(terms.steps.flatMap { $0.terms.input.fields.map(\.name) }).sorted()
        return input.keys.filter { !known.contains($0) }.map { name in
            let subject = NearestWord.find(name, among: known).map { "did you mean \"\($0)\"? The" } ?? "the"
            return Problem.Violation(
                path: JSONPathText().key("input").key(name).text,
                message: known.isEmpty
                    ? "there is no such field; the workflow takes no input"
                    : "there is no such field; \(subject) workflow takes \(known.joined(separator: ", "))")
        }
    }

    /// Two steps that declare one field have to agree about its value, or one of them says what is wrong with it.
    private func faultsOfInput(_ terms: WorkflowTerms) -> [Problem.Violation] {
        var faulty: Set<String> = []
        return terms.steps.flatMap { step in
            step.terms.input.fields.compactMap { field -> Problem.Violation? in
                let path = JSONPathText().key("input").key(field.name).text
                let message: String?
                if let value = input[field.name] {
                    message = field.fault(of: value).map { "\($0); so step \"\(step.key)\" takes it" }
                } else {
                    message = field.isRequired ? "is missing; step \"\(step.key)\" needs it" : nil
                }
                guard let message, faulty.insert(field.name).inserted else { return nil }
                return Problem.Violation(path: path, message: message)
            }
        }
    }
}
