import Catalogue
import Testing

@Suite("Bounds of a catalogue")
struct CatalogueBoundsTests {
    @Test func refusesTextBeyondOneMebibyte() {
        let text = smallCatalogue + "\n#" + String(repeating: "x", count: 1 << 20)
        #expect(problems(in: text).map(\.code) == [.tooLarge])
    }

    @Test func refusesAnAliasBombBeforeItUnfolds() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        let found = problems(in: text)
        #expect(found.map(\.code) == [.tooLarge])
        #expect(found.first?.what.contains("aliases") == true)
    }

    @Test func refusesAnAliasBombAsAKeyBeforeItIsHashed() {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 { text += "a\(level): &a\(level) { ? [*a\(level - 1), *a\(level - 1)] : y }\n" }
        #expect(problems(in: text).map(\.code) == [.tooLarge])
    }

    @Test func countsAliasesInFull() {
        let list = "[" + Array(repeating: "x", count: 20_000).joined(separator: ",") + "]"
        let text = "a: &a \(list)\nb: [*a, *a, *a, *a, *a]\n"
        #expect(problems(in: text).first?.what.contains("100000 values") == true)
    }

    @Test func countsNoStarsInTexts() {
        let setup = "setup: { note: \"" + String(repeating: "*bold* & *a ", count: 50) + "\" }"
        #expect(problems(in: smallCatalogue.changing("type: enrichment", to: "type: enrichment\n    \(setup)")).isEmpty)
    }

    @Test(arguments: [40, 900, 200_000])
    func refusesDeepNesting(depth: Int) {
        let text = "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let found = problems(in: text)
        #expect(found.count == 1 && [.tooLarge, .syntax].contains(found.first?.code))
    }

    @Test(arguments: [40, 900, 200_000])
    func refusesDeepNestingOfBlocks(depth: Int) {
        let found = problems(in: String(repeating: "- ", count: depth) + "x")
        #expect(found.count == 1 && [.tooLarge, .syntax].contains(found.first?.code))
    }

    @Test func stopsAfterAHundredProblemsAndSaysSo() throws {
        let text = "organization: demo\n" + (1...500).map { "key\($0): 1\n" }.joined()
        let error = try #require(throws: CatalogueError.self) { try CatalogueDefinition(parsing: text) }
        #expect(error.problems.count == 100 && error.isCutShort)
        #expect(error.description.contains("there may be more problems"))
    }

    @Test(arguments: [
        "", "# nothing", "organization: [", "organization: \"a", "\torganization: a", "a: *b", "a: 1\n---\nb: 2",
        "a: \"\\0\"",
        "just text", "- a", "[a]: 1", "a: \u{7}", "a: &b", "? *a : b", "%YAML 9.9\n---\na: 1", "a: !!binary x",
        "<<: *a",
    ])
    func refusesWhatIsNoCatalogueWithASentence(text: String) {
        let found = problems(in: text)
        #expect(!found.isEmpty)
        for problem in found { #expect(!problem.what.isEmpty && !problem.remedy.isEmpty) }
    }

    @Test func tellsTheLineOfASyntaxError() {
        let found = problems(in: "organization: demo\nsources:\n  a: [1, 2\n")
        #expect(found.map(\.code) == [.syntax])
        guard case .file(let line, _)? = found.first?.place else {
            Issue.record("no line")
            return
        }
        #expect(line >= 3)
    }

    @Test func cutAnywhereItNeverCrashes() {
        let bytes = Array(smallCatalogue.utf8)
        for end in bytes.indices { _ = problems(in: String(decoding: bytes[..<end], as: UTF8.self)) }
    }
}
