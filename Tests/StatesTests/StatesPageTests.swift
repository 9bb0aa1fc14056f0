import States
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The page of states")
struct StatesPageTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/states.md")

    @Test func isWhatTheDataSays() throws {
        let page = try String(decoding: Data(contentsOf: Self.file), as: UTF8.self)
        let expected = try #require(StatesPage.filled(page), "docs/states.md lacks the marks of a part")
        if ProcessInfo.processInfo.environment["WEIR_WRITE_DOCS"] == "1" {
            return try Data(expected.utf8).write(to: Self.file)
        }
        let difference = zip(page.split(separator: "\n"), expected.split(separator: "\n")).first { $0 != $1 }
        #expect(
            page == expected,
            """
            docs/states.md says '\(difference?.0 ?? "")' where Libraries/States says '\(difference?.1 ?? "")'; \
            write it anew with WEIR_WRITE_DOCS=1 swift test --filter StatesPageTests
            """)
    }

    @Test func namesEverything() {
        let parts = StatesPage.parts.map(\.markdown).joined(separator: "\n")
        for word in State.allCases.map(\.rawValue) + Substate.known.map(\.rawValue)
            + LegacyStatus.allCases.map(\.rawValue)
        {
            #expect(parts.contains("| `\(word)` |"), "\(word) has no line")
        }
        for entity in StateEntity.allCases {
            let diagram = StatesPage.parts.first { $0.name == (entity.isRequest ? "requests" : "runs") }?.markdown ?? ""
            for transition in StateTransition.all where transition.entities.contains(entity) {
                let arrow = transition.kind == .normal ? "-->" : "-.->"
                #expect(diagram.contains("\(transition.from.rawValue) \(arrow)|\"\(transition.rule)"), "\(transition)")
                #expect(diagram.contains("| \(transition.to.rawValue)\n"))
            }
        }
    }
}
