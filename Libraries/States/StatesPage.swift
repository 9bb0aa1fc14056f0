/// The parts of `docs/states.md` that follow from the data of this library. Each stands on the page between marks,
/// `<!-- states:NAME -->` and `<!-- /states:NAME -->`; what is around them is written by hand.
public enum StatesPage {
    /// Every part, by its name, in Markdown.
    public static var parts: [(name: String, markdown: String)] {
        [
            ("meanings", states), ("requests", diagram(of: [.workflowRequest, .activityRequest])),
            ("runs", diagram(of: [.run, .runRequest])), ("transitions", transitions), ("substates", substates),
            ("legacy", legacyStatuses),
        ]
    }

    /// The page with all parts as they should be; nil when a part has no place on it.
    public static func filled(_ page: String) -> String? {
        var page = page
        for part in parts {
            guard let start = page.firstRange(of: "<!-- states:\(part.name) -->"),
                let end = page[start.upperBound...].firstRange(of: "<!-- /states:\(part.name) -->")
            else { return nil }
            page.replaceSubrange(start.upperBound..<end.lowerBound, with: "\n\n\(part.markdown)\n\n")
        }
        return page
    }

    // MARK: What follows from the data

    private static var states: String {
        table(
            ["state", "meaning", "the work on it has ended"],
            State.allCases.map { state in
                let ended = StateEntity.allCases.filter { $0.isFinal(state) }
                let note = state == .done ? "; of requests if nobody is to be told" : ""
                return [
                    code(state.rawValue), state.meaning,
                    ended.isEmpty ? "" : ended.count == StateEntity.allCases.count ? "yes" : list(ended) + note,
                ]
            })
    }

    /// A solid arrow is the normal way, a dotted one a recovery with its rule; a thick border is where work has ended.
    private static func diagram(of entities: [StateEntity]) -> String {
        let shown = StateTransition.all.filter { !$0.entities.filter(entities.contains).isEmpty }
        let arrows = shown.map { transition in
            let own = transition.entities.filter(entities.contains)
            let label =
                transition.rule
                + (own.count < entities.count ? " (\(own.map(\.rawValue).joined(separator: ", ")))" : "")
            let arrow = transition.kind == .normal ? "-->" : "-.->"
            return "    \(transition.from.rawValue) \(arrow)|\"\(label)\"| \(transition.to.rawValue)"
        }
        let present = State.allCases.filter { state in shown.contains { $0.from == state || $0.to == state } }
        let final = present.filter { state in entities.allSatisfy { $0.isFinal(state) } }
        return """
            ```mermaid
            flowchart LR
            \(present.map { "    \($0.rawValue)([\($0.rawValue)])" }.joined(separator: "\n"))
            \(arrows.joined(separator: "\n"))
                classDef final stroke-width:4px
                class \(final.map(\.rawValue).joined(separator: ",")) final
            ```
            """
    }

    private static var transitions: String {
        table(
            ["from", "to", "kind", "rule", "where"],
            StateTransition.all.map {
                [code($0.from.rawValue), code($0.to.rawValue), $0.kind.rawValue, $0.rule, list($0.entities)]
            })
    }

    private static var substates: String {
        table(
            ["substate", "states", "meaning", "where"],
            Substate.meanings.map { meaning in
                [
                    code(meaning.substate.rawValue), meaning.states.map { code($0.rawValue) }.joined(separator: ", "),
                    meaning.text + (Substate.reserved.contains(meaning.substate) ? " (no service writes it yet)" : ""),
                    list(meaning.entities),
                ]
            })
    }

    private static var legacyStatuses: String {
        table(
            ["legacy status", "state", "substate"],
            LegacyStatus.allCases.map {
                [code($0.rawValue), code($0.state.rawValue), $0.substate.map { code($0.rawValue) } ?? ""]
            })
    }

    // MARK: Markdown

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        ([header, header.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(
            separator: "\n")
    }

    private static func code(_ text: String) -> String { "`\(text)`" }

    private static func list(_ entities: [StateEntity]) -> String {
        entities.count == StateEntity.allCases.count
            ? "all" : entities.map { code($0.rawValue) }.joined(separator: ", ")
    }
}
