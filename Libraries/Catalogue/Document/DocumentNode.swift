/// A YAML document without what is special to YAML: what ``DocumentReader`` makes, overrides change and readers walk.
struct DocumentNode: Sendable {
    enum Content: Sendable {
        /// A text, and whether it stood in quotes or as a block: `10` is a number then, `"10"` never.
        case scalar(String, isQuoted: Bool)
        case sequence([DocumentNode])
        case mapping([DocumentEntry])
    }

    var content: Content
    var place: CatalogueProblem.Place

    /// What the node is, for messages.
    var kindName: String {
        switch content {
        case .scalar(let text, let isQuoted):
            switch PlainScalar(text, isQuoted: isQuoted) {
            case .null: "nothing"
            case .bool: "\(text)"
            case .number: "the number \(text)"
            case .string: "a text"
            }
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One key of a mapping with its value.
struct DocumentEntry: Sendable {
    let key: String
    let keyPlace: CatalogueProblem.Place
    var value: DocumentNode
}
