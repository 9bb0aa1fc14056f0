import JSON

/// A place in the document that is being read: the node, its path, and the log for what is wrong with it.
///
/// Its readers return nil after they have logged a problem, so that the caller can go on with the rest.
struct DocumentCursor {
    let node: DocumentNode
    let path: String
    let log: ProblemLog

    func report(_ code: CatalogueProblem.Code, _ what: String, remedy: String) {
        log.add(CatalogueProblem(code: code, place: node.place, path: path, what: what, remedy: remedy))
    }

    /// A text. A number is none: `"042"` in quotes keeps its zero.
    func text() -> String? {
        guard case .scalar(let text, let isQuoted) = node.content else {
            report(.wrongType, "a text is needed, not \(node.kindName)", remedy: "write one value")
            return nil
        }
        switch PlainScalar(text, isQuoted: isQuoted) {
        case .string where !text.isEmpty:
            return text
        case .string, .null:
            report(.wrongType, "a text is needed, and nothing stands here", remedy: "write one, or leave the key out")
        case .bool, .number:
            report(.wrongType, "a text is needed, not \(node.kindName)", remedy: "put it in quotes: \"\(text)\"")
        }
        return nil
    }

    /// A text of bounded length, in bytes of UTF-8.
    func text(lengthMax: Int) -> String? {
        guard let text = text() else { return nil }
        guard text.utf8.count <= lengthMax else {
            report(.outOfBounds, "the text has \(text.utf8.count) bytes", remedy: "write at most \(lengthMax)")
            return nil
        }
        return text
    }

    func integer(in bounds: ClosedRange<Int>) -> Int? {
        guard case .scalar(let text, let isQuoted) = node.content,
            case .number(let number) = PlainScalar(text, isQuoted: isQuoted), let value = number.intValue
        else {
            report(
                .wrongType, "a whole number is needed, not \(node.kindName)",
                remedy: "write one from \(bounds.lowerBound) to \(bounds.upperBound)"
            )
            return nil
        }
        guard bounds.contains(value) else {
            report(
                .outOfBounds, "\(value) is out of bounds", remedy: "write \(bounds.lowerBound) to \(bounds.upperBound)"
            )
            return nil
        }
        return value
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(of type: Choice.Type) -> Choice? {
        guard let text = text() else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        report(.unknownValue, "\(text) is not known", remedy: Spelling.suggestion(for: text, among: known))
        return nil
    }

    func mapping() -> MappingCursor? {
        guard case .mapping(let entries) = node.content else {
            report(.wrongType, "a mapping is needed, not \(node.kindName)", remedy: "write keys with values below it")
            return nil
        }
        return MappingCursor(entries: entries, cursor: self)
    }

    func list() -> [DocumentCursor]? {
        guard case .sequence(let elements) = node.content else {
            report(
                .wrongType, "a list is needed, not \(node.kindName)", remedy: "write it in brackets: [first, second]")
            return nil
        }
        return elements.enumerated().map { DocumentCursor(node: $1, path: "\(path)[\($0)]", log: log) }
    }
}
