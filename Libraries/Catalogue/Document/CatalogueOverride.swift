/// A value that replaces one of the file before anything is checked: `sources.iso_countries.base_url=http://127.0.0.1:4001`.
public struct CatalogueOverride: Sendable, Hashable {
    /// Keys joined by dots, positions of lists in brackets from 0.
    public let path: String
    /// The new value; a scalar, read as if it stood in the file without quotes.
    public let value: String

    /// Creates an override; that the path exists is checked when the file is read.
    public init(path: String, value: String) {
        self.path = path
        self.value = value
    }

    /// Reads `PATH=VALUE` as the command line has it, or nil if there is no `=` or no path. The value may hold further `=`.
    public init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        self.init(path: String(argument[..<equals]), value: String(argument[argument.index(after: equals)...]))
    }
}

extension CatalogueOverride {
    private enum Step {
        case key(String)
        case index(Int)
    }

    /// Puts the value into a document. All of the path but its last key must exist; a new last key is added, and if a
    /// catalogue has no such key the check that follows says so.
    func apply(to document: inout DocumentNode) throws(CatalogueFailure) {
        guard let steps = Self.steps(of: path) else {
            throw failure("the path cannot be read", remedy: "write keys joined by dots, such as sources.crm.base_url")
        }
        try apply(steps[...], to: &document, walked: "")
    }

    private func apply(
        _ steps: ArraySlice<Step>, to node: inout DocumentNode, walked: String
    ) throws(CatalogueFailure) {
        guard let step = steps.first else {
            node = DocumentNode(content: .scalar(value, isQuoted: false), place: .override(path))
            return
        }
        let rest = steps.dropFirst()
        switch (step, node.content) {
        case (.key(let key), .mapping(var entries)):
            let walkedOn = walked.isEmpty ? key : "\(walked).\(key)"
            if let index = entries.firstIndex(where: { $0.key == key }) {
                try apply(rest, to: &entries[index].value, walked: walkedOn)
            } else if rest.isEmpty {
                var new = DocumentNode(content: .scalar("", isQuoted: false), place: .override(path))
                try apply(rest, to: &new, walked: walkedOn)
                entries.append(DocumentEntry(key: key, keyPlace: .override(path), value: new))
            } else {
                let suggestion = Spelling.suggestion(for: key, among: entries.map(\.key))
                throw failure("the file has no \(walkedOn)", remedy: suggestion)
            }
            node.content = .mapping(entries)
        case (.index(let index), .sequence(var elements)):
            guard elements.indices.contains(index) else {
                throw failure(
                    "the list \(walked) has \(elements.count == 1 ? "1 element" : "\(elements.count) elements")",
                    remedy: "count its elements from 0"
                )
            }
            try apply(rest, to: &elements[index], walked: "\(walked)[\(index)]")
            node.content = .sequence(elements)
        case (.key(let key), _):
            throw failure(
                "\(walked.isEmpty ? "the file" : walked) is \(node.kindName) and has no key \(key)",
                remedy: "name a place inside a mapping"
            )
        case (.index(let index), _):
            throw failure(
                "\(walked) is \(node.kindName) and has no element [\(index)]", remedy: "name a list's element")
        }
    }

    private func failure(_ what: String, remedy: String) -> CatalogueFailure {
        CatalogueFailure(.invalidOverride, what, at: .override(path), remedy: remedy)
    }

    /// `a.b[0].c` as its steps, or nil.
    private static func steps(of path: String) -> [Step]? {
        var steps: [Step] = []
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let key = pieces.first, !key.isEmpty else { return nil }
            steps.append(.key(String(key)))
            for piece in pieces.dropFirst() {
                guard piece.last == "]", let index = Int(piece.dropLast()), index >= 0 else { return nil }
                steps.append(.index(index))
            }
        }
        return steps
    }
}
