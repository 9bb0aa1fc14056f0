import JSON

extension ActivityRequestBody {
    /// Checks the body against what its activity asks for.
    ///
    /// - Parameter gathersObjects: whether its objects come from other requests, so that it names none.
    /// - Throws: ``Problem`` `invalid_request` with every violation and its JSON path.
    public func check(
        _ terms: ActivityTerms, limits: Limits = Limits(), gathersObjects: Bool = false
    ) throws(Problem) {
        let violations = (gathersObjects ? [] : fault(ofObjects: terms)) + faults(ofInput: terms.input)
        if !violations.isEmpty { throw Problem.invalidRequest(Array(violations.prefix(limits.violationsMax))) }
    }

    private func fault(ofObjects terms: ActivityTerms) -> [Problem.Violation] {
        switch (terms.type, objects) {
        case (.enrichment, nil):
            [.init(path: "$.objects", message: "is missing; list the names of the objects")]
        case (.extract, .some):
            [.init(path: "$.objects", message: "must be left out: an extract finds its objects by its input")]
        default: []
        }
    }

    private func faults(ofInput declared: ActivityInput) -> [Problem.Violation] {
        let place = JSONPathText().key("input")
        let names = declared.fields.map(\.name)
        let unknown = input.keys.filter { declared[$0] == nil }.map { name in
            Problem.Violation(path: place.key(name).text, message: Self.unknown(name, among: names))
        }
        let wrong = declared.fields.compactMap { field -> Problem.Violation? in
            let path = place.key(field.name).text
            guard let value = input[field.name] else {
                return field.isRequired ? .init(path: path, message: "is missing; the activity needs it") : nil
            }
            return field.fault(of: value).map { .init(path: path, message: $0) }
        }
        return unknown + wrong
    }

    private static func unknown(_ name: String, among known: [String]) -> String {
        if known.isEmpty { return "there is no such field; the activity takes no input" }
        let subject = NearestWord.find(name, among: known).map { "did you mean \"\($0)\"? The" } ?? "the"
        return "there is no such field; \(subject) activity takes \(known.joined(separator: ", "))"
    }
}
