import Catalogue
import JSON

/// What applying a catalogue did or would do, in words and as JSON.
struct CatalogueReport {
    /// Values longer than this are shown by their beginning.
    private static let valueWidthMax = 60
    /// More than these that are left alone are counted: in an organization of several files they are all that the others declare.
    private static let namedLeftAloneMax = 5

    let diff: CatalogueDiff
    let isDryRun: Bool
    /// Endpoints of the file that nothing can be posted to, because nothing signs what would be.
    var unsignedEndpoints: [CatalogueItem.Identity] = []

    /// One line per item that is created, changed or removed, one per changed field; then what is left alone, what is to be done yet, and
    /// how many there are of each.
    ///
    /// - Parameter namesLeftAlone: name all that is left alone, also when it is much.
    func lines(style: TextStyle, namesLeftAlone: Bool = false) -> [String] {
        var lines: [String] = []
        for item in diff.created {
            lines.append("\(style.green(isDryRun ? "would create" : "created"))  \(item.identity)")
        }
        for change in diff.changed {
            lines.append("\(style.yellow(isDryRun ? "would change" : "changed"))  \(change.item.identity)")
            for field in change.fields {
                lines.append("    \(field.path): \(Self.text(field.old)) → \(Self.text(field.new))")
            }
        }
        for identity in diff.removed {
            lines.append("\(style.yellow(isDryRun ? "would remove" : "removed"))  \(identity)")
        }
        let isNamed = namesLeftAlone || diff.notInFile.count <= Self.namedLeftAloneMax
        for leftAlone in isNamed
            ? diff.notInFile.map(\.description) : ["\(diff.notInFile.count); --left-alone names them"]
        {
            lines.append("\(style.faint("not in file, left alone"))  \(leftAlone)")
        }
        for identity in unsignedEndpoints {
            lines.append("\(style.yellow("no secret yet"))  \(Self.secretRemedy(identity))")
        }
        var counts = [
            (diff.created.count, isDryRun ? "to create" : "created"),
            (diff.changed.count, isDryRun ? "to change" : "changed"),
            (diff.unchanged.count, "unchanged"), (diff.notInFile.count, "not in file"),
        ]
        // Few files take anything away.
        if !diff.removed.isEmpty { counts.insert((diff.removed.count, isDryRun ? "to remove" : "removed"), at: 2) }
        lines.append(
            style.bold(
                counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + (isDryRun ? " (nothing was written)" : "")))
        return lines
    }

    var json: JSONValue {
        [
            "dry_run": .bool(isDryRun),
            "created": .array(diff.created.map { Self.json($0.identity) }),
            "changed": .array(
                diff.changed.map { change in
                    [
                        "item": Self.json(change.item.identity),
                        "fields": .array(
                            change.fields.map {
                                ["path": .string($0.path), "old": $0.old ?? .null, "new": $0.new ?? .null]
                            }),
                    ]
                }),
            "removed": .array(diff.removed.map(Self.json)),
            "unchanged": .array(diff.unchanged.map(Self.json)),
            "not_in_file": .array(diff.notInFile.map(Self.json)),
            "without_secret": .array(unsignedEndpoints.map(Self.json)),
        ]
    }

    private static func secretRemedy(_ identity: CatalogueItem.Identity) -> String {
        """
        \(identity): nothing is posted to it before it has one; 'weir webhook secret create \(identity.key.last ?? "")' \
        with a key of \(identity.organization ?? "") makes it
        """
    }

    private static func json(_ identity: CatalogueItem.Identity) -> JSONValue {
        ["kind": .string(identity.kind.rawValue), "key": .string(identity.key.joined(separator: "/"))]
    }

    private static func text(_ value: JSONValue?) -> String {
        guard let value else { return "(absent)" }
        return TerminalText.truncated(TerminalText.safe(value.description), width: valueWidthMax)
    }
}
