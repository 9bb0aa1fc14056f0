import JSON

/// What applying a catalogue file would do to what is stored. Only what the file names as not being there is removed: an item that it does
/// not mention stays as it is.
public struct CatalogueDiff: Sendable, Hashable {
    /// One field that the file says differently.
    public struct FieldChange: Sendable, Hashable {
        /// The field's place in the item, such as `setup.retry.attempts`.
        public let path: String
        /// What is stored, nil if the field is new.
        public let old: JSONValue?
        /// What the file says, nil if the field goes.
        public let new: JSONValue?
    }

    /// One item that is stored with other fields.
    public struct Change: Sendable, Hashable {
        /// The item as the file wants it.
        public let item: CatalogueItem
        /// What differs; never empty.
        public let fields: [FieldChange]
    }

    /// Items that are not stored yet, in the order in which they can be written.
    public let created: [CatalogueItem]
    /// Items that are stored with other fields, in the order in which they can be written.
    public let changed: [Change]
    /// Items that are stored and that the file says there are not.
    public let removed: [CatalogueItem.Identity]
    /// Items that are stored just so.
    public let unchanged: [CatalogueItem.Identity]
    /// Items of the file's organizations that are stored and not in the file.
    public let notInFile: [CatalogueItem.Identity]

    /// Compares what is wanted with what is stored.
    ///
    /// - Parameters:
    ///   - desired: the file's items; each identity once.
    ///   - removals: what the file says that there is not.
    ///   - stored: the database's items; those of organizations that `desired` does not mention are ignored.
    public init(
        desired: [CatalogueItem], removals: [CatalogueItem.Identity] = [], stored: [CatalogueItem]
    ) {
        let storedByIdentity = Dictionary(stored.map { ($0.identity, $0) }) { first, _ in first }
        var created: [CatalogueItem] = []
        var changed: [Change] = []
        var unchanged: [CatalogueItem.Identity] = []
        for item in desired {
            guard let old = storedByIdentity[item.identity] else {
                created.append(item)
                continue
            }
            let fields = Self.changes(from: .object(old.fields), to: .object(item.fields), path: "")
            if fields.isEmpty {
                unchanged.append(item.identity)
            } else {
                changed.append(Change(item: item, fields: fields))
            }
        }
        let wanted = Set(desired.map(\.identity) + removals)
        removed = removals.filter { storedByIdentity[$0] != nil }.sorted()
        let organizations = Set(desired.compactMap(\.identity.organization))
        self.created = created
        self.changed = changed
        self.unchanged = unchanged
        notInFile = stored.map(\.identity)
            .filter { !wanted.contains($0) && $0.organization.map(organizations.contains) == true }
            .sorted()
    }

    /// Whether applying would write nothing.
    public var isEmpty: Bool { created.isEmpty && changed.isEmpty && removed.isEmpty }

    /// Objects are compared member by member, everything else as a whole.
    private static func changes(from old: JSONValue?, to new: JSONValue?, path: String) -> [FieldChange] {
        guard old != new else { return [] }
        guard case .object(let oldObject) = old, case .object(let newObject) = new else {
            return [FieldChange(path: path, old: old, new: new)]
        }
        return Set(oldObject.keys).union(newObject.keys).sorted().flatMap { key in
            changes(from: oldObject[key], to: newObject[key], path: path.isEmpty ? key : "\(path).\(key)")
        }
    }
}
