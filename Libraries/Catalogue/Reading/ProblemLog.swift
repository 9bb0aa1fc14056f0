/// Collects what is wrong while a document is read, so that a person sees everything at once.
///
/// A reference type because every cursor into the document writes to the same log; it never leaves the reading.
final class ProblemLog {
    private(set) var problems: [CatalogueProblem] = []
    private(set) var isCutShort = false
    private let problemsMax: Int

    init(problemsMax: Int) {
        self.problemsMax = problemsMax
    }

    func add(_ problem: CatalogueProblem) {
        guard problems.count < problemsMax else {
            isCutShort = true
            return
        }
        problems.append(problem)
    }

    /// All problems in the order of the file, or nil if there are none.
    var error: CatalogueError? {
        guard !problems.isEmpty else { return nil }
        let ordered = problems.enumerated().sorted {
            ($0.element.place.order, $0.offset) < ($1.element.place.order, $1.offset)
        }
        return CatalogueError(problems: ordered.map(\.element), isCutShort: isCutShort)
    }
}

extension CatalogueProblem.Place {
    /// Overrides come first, then the file from top to bottom.
    fileprivate var order: Int {
        switch self {
        case .override: -2
        case .document: -1
        case .file(let line, let column): line << 20 + min(column, 1 << 20 - 1)
        }
    }
}
