import Yams

/// A problem after which the rest of the document cannot be read.
struct CatalogueFailure: Error {
    let problem: CatalogueProblem

    init(
        _ code: CatalogueProblem.Code,
        _ what: String,
        at place: CatalogueProblem.Place = .document,
        path: String = "",
        remedy: String
    ) {
        problem = CatalogueProblem(code: code, place: place, path: path, what: what, remedy: remedy)
    }

    /// A parser's error in the words of this library.
    init(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init(
                .syntax, Self.sentence(problem, context), at: CatalogueProblem.Place(mark),
                remedy: Self.remedy(for: problem)
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            let subject = duplicates.count == 1 ? "the key \(keys) stands" : "the keys \(keys) stand"
            self.init(
                .duplicateKey, "\(subject) more than once in this mapping", at: CatalogueProblem.Place(context.mark),
                remedy: "keep one of them"
            )
        case .reader(let problem, _, _, _):
            self.init(.syntax, problem, remedy: "save the file as UTF-8 without control characters")
        default:
            self.init(.syntax, "the text cannot be read as YAML (\(error))", remedy: "correct it")
        }
    }

    private static func sentence(_ problem: String, _ context: YamlError.Context?) -> String {
        guard let context else { return problem }
        return "\(problem) \(context.text)"
    }

    private static func remedy(for problem: String) -> String {
        if problem.contains("alias") || problem.contains("alphabetic or numeric character") {
            return "put a text that begins with * or & in quotes"
        }
        // libyaml says so of a tab that indents a line, too.
        if problem.contains("cannot start any token") {
            return "indent with spaces, not tabs, and put a text that begins with @, ` or % in quotes"
        }
        if problem.contains("tab") { return "indent with spaces" }
        if problem.contains("nesting level") { return "make it flatter" }
        if problem.contains("another document") { return "keep one document per file: remove the line ---" }
        return "check indentation, quotes and brackets there and on the line before"
    }
}

extension CatalogueProblem.Place {
    /// Yams's mark, whose line and column count from 1.
    init(_ mark: Mark?) {
        self = mark.map { .file(line: $0.line, column: $0.column) } ?? .document
    }
}
