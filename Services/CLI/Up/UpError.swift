/// Why Weir cannot be started here: what is wrong, where, and what to do, in one or two sentences.
struct UpError: Error, CustomStringConvertible, Equatable {
    let problem: String
    let remedy: String

    init(_ problem: String, remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }

    var description: String { "\(problem). \(remedy)." }
}
