/// Why a command did not do its work: what is wrong, where, and what to do.
struct CommandError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and where: a clause without a full stop.
    let problem: String
    /// Single faults, one line each.
    let details: [String]
    /// What to do: a clause without a full stop.
    let remedy: String?
    /// The status of intake's answer, when that is what is wrong.
    let httpStatus: Int?
    /// What the calling program learns.
    let status: ExitStatus

    init(
        _ problem: String, details: [String] = [], remedy: String? = nil, httpStatus: Int? = nil,
        status: ExitStatus = .failure
    ) {
        self.problem = problem
        self.details = details
        self.remedy = remedy
        self.httpStatus = httpStatus
        self.status = status
    }

    /// The problem, then its details, then what to do.
    var description: String {
        var lines = [problem]
        lines += details.map { "  \($0)" }
        if let remedy { lines.append(remedy.hasSuffix("?") ? remedy : "\(remedy).") }
        return lines.joined(separator: "\n")
    }

    /// A mistake on the command line.
    static func usage(_ problem: String, remedy: String? = nil) -> CommandError {
        CommandError(problem, remedy: remedy, status: .usage)
    }
}
