/// A mapping that is being read.
struct MappingCursor {
    let entries: [DocumentEntry]
    let cursor: DocumentCursor

    /// The value of a key, if it is there and not empty (`key:` alone says nothing).
    subscript(key: String) -> DocumentCursor? {
        guard let entry = entries.first(where: { $0.key == key }), !entry.isEmpty else { return nil }
        return self.value(of: entry)
    }

    /// The value of a key that must be there; logs it if it is not.
    func required(_ key: String, _ meaning: String) -> DocumentCursor? {
        if let value = self[key] { return value }
        let place = entries.first { $0.key == key }?.keyPlace
        cursor.log.add(
            CatalogueProblem(
                code: .missingKey, place: place ?? cursor.node.place, path: cursor.path,
                what: "\(key) is missing", remedy: "add \(key): \(meaning)"
            )
        )
        return nil
    }

    /// Logs every key that is not one of these.
    ///
    /// - Parameters:
    ///   - known: the keys that are suggested.
    ///   - besides: keys that somebody else logs.
    func refuseUnknownKeys(known: [String], besides: [String] = []) {
        for entry in entries where !known.contains(entry.key) && !besides.contains(entry.key) {
            report(
                .unknownKey, at: entry, "there is no key \(entry.key) here",
                remedy: Spelling.suggestion(for: entry.key, among: known)
            )
        }
    }

    /// The values of a mapping whose keys are names that the author chose; logs every name that is none.
    func named() -> [(key: String, value: DocumentCursor)] {
        entries.compactMap { entry in
            guard CatalogueName.isValid(entry.key) else {
                report(
                    .invalidName, at: entry, "\(entry.key.debugDescription) is not a name", remedy: CatalogueName.rule)
                return nil
            }
            return (entry.key, value(of: entry))
        }
    }

    /// Where a key leads, empty or not.
    func value(of entry: DocumentEntry) -> DocumentCursor {
        DocumentCursor(node: entry.value, path: path(of: entry), log: cursor.log)
    }

    func report(_ code: CatalogueProblem.Code, at entry: DocumentEntry, _ what: String, remedy: String) {
        cursor.log.add(
            CatalogueProblem(code: code, place: entry.keyPlace, path: path(of: entry), what: what, remedy: remedy)
        )
    }

    private func path(of entry: DocumentEntry) -> String {
        cursor.path.isEmpty ? entry.key : "\(cursor.path).\(entry.key)"
    }
}

extension DocumentEntry {
    /// Whether nothing stands after the colon.
    var isEmpty: Bool {
        guard case .scalar(let text, let isQuoted) = value.content else { return false }
        return PlainScalar(text, isQuoted: isQuoted) == .null
    }
}
