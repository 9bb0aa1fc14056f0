/// One thing that is wrong with a catalogue file: where, what, and what to do about it.
public struct CatalogueProblem: Sendable, Hashable {
    /// What kind of problem it is.
    public enum Code: String, Sendable, Hashable {
        /// The text is not YAML, or uses a part of YAML that a catalogue has no use for.
        case syntax
        /// A bound of ``CatalogueLimits`` was hit.
        case tooLarge
        /// A key stands twice in one mapping.
        case duplicateKey
        /// A key that a catalogue does not have at this place.
        case unknownKey
        /// A key that must be there is not.
        case missingKey
        /// A number where a list should be, and the like.
        case wrongType
        /// A name that is not `^[a-z][a-z0-9_]{0,62}$`.
        case invalidName
        /// A value that is not one of the known ones.
        case unknownValue
        /// A number, size or duration outside its bounds.
        case outOfBounds
        /// Something is named that the file does not declare.
        case missingReference
        /// A URL that no request can be sent to.
        case invalidURL
        /// A request template that cannot be read.
        case invalidTemplate
        /// A placeholder of a template that nothing will ever fill in.
        case unknownVariable
        /// A mapping's path that is not a path pattern.
        case invalidPath
        /// A secret itself, where only the name of one may stand.
        case literalSecret
        /// Two parts of the file that exclude each other.
        case conflict
        /// The steps of a workflow do not fit together; the message names the rule.
        case brokenWorkflowRule
        /// `--set` names a place that the file does not have.
        case invalidOverride
    }

    /// Where a value came from.
    public enum Place: Sendable, Hashable {
        /// Line and column of the file, both from 1; columns count Unicode scalars.
        case file(line: Int, column: Int)
        /// An override that replaced what the file says, by its path.
        case override(String)
        /// The file as a whole.
        case document
    }

    /// What kind of problem it is.
    public let code: Code
    /// Where the value stands.
    public let place: Place
    /// The place in the document, such as `sources.iso_countries.run_request_template.url`; empty for the whole.
    public let path: String
    /// What is wrong: a clause without a full stop.
    public let what: String
    /// What to do: a clause without a full stop.
    public let remedy: String

    /// One line for a person: `countries.yaml:12:5: sources.iso.timeout: … ; …`.
    ///
    /// - Parameter file: the file's name as the user gave it.
    public func description(file: String) -> String {
        let start =
            switch place {
            case .file(let line, let column): "\(file):\(line):\(column)"
            case .override(let path): "--set \(path)"
            case .document: file
            }
        return "\(start): \(path.isEmpty ? "" : "\(path): ")\(what); \(remedy)"
    }
}

/// Everything that is wrong with a catalogue file, in the order of the file.
public struct CatalogueError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems; never empty.
    public let problems: [CatalogueProblem]
    /// Whether reading stopped at ``CatalogueLimits/problemsMax``, so that there may be more.
    public let isCutShort: Bool

    /// One line per problem, with the file's name in front of each.
    public func description(file: String) -> String {
        var lines = problems.map { $0.description(file: file) }
        if isCutShort { lines.append("\(file): there may be more problems; these are the first \(problems.count)") }
        return lines.joined(separator: "\n")
    }

    /// One line per problem.
    public var description: String { description(file: "catalogue") }
}
