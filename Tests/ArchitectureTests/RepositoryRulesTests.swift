import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Rules for all files, whatever they are written in.
@Suite("Rules of the repository")
struct RepositoryRulesTests {
    private let repository = Repository.current

    @Test func noFileNamesAPlaceOfOneMachine() {
        // Spelled so that this file does not name it either.
        let places = [repository.root, "/work" + "/main", "/work" + "/shared"].filter { $0.count > 4 }
        for path in repository.paths {
            let bytes = repository.bytes(path)
            for place in places where bytes.firstRange(of: Data(place.utf8)) != nil {
                Issue.record("\(path) names \(place), which is a place on one machine only.")
            }
        }
    }

    @Test func relativeLinksOfThePagesLeadSomewhere() throws {
        let link = try Regex(#"\]\(([^)\s#:]+)(?:#[^)]*)?\)"#)
        for path in repository.paths where path.hasSuffix(".md") {
            let folder = path.contains("/") ? path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex) : ""
            for match in repository.text(path).matches(of: link) {
                guard let target = match[1].substring else { continue }
                let url = URL(filePath: target.hasPrefix("/") ? String(target) : "/\(folder)/\(target)")
                    .standardizedFileURL
                let resolved = String(url.path(percentEncoded: false).dropFirst())
                if !repository.exists(resolved) { Issue.record("\(path) links to \(target), which is not there.") }
            }
        }
    }

    @Test func settingsInTheCodeAndOnTheirPageAreTheSame() throws {
        let literal = try Regex(#""(WEIR_[A-Z0-9_]*[A-Z0-9])""#)
        let row = try Regex(#"(?m)^\| `(WEIR_[A-Z0-9_]+)`"#)
        var inCode: [String: String] = [:]
        for file in repository.sources where file.area == "Libraries" || file.area == "Services" {
            for (number, line) in file.code {
                for match in line.matches(of: literal) where !line[match.range].hasPrefix("\"WEIR_SECRET_") {
                    if let name = match[1].substring { inCode[String(name)] = "\(file.path):\(number)" }
                }
            }
        }
        let onPage = Set(
            repository.text("docs/configuration.md").matches(of: row).compactMap { $0[1].substring.map(String.init) })
        for (name, place) in inCode where !onPage.contains(name) {
            Issue.record("\(place) reads \(name), which docs/configuration.md does not list.")
        }
        for name in onPage where inCode[name] == nil {
            Issue.record("docs/configuration.md lists \(name), which nothing reads.")
        }
    }

    /// What is measured is what people run.
    @Test func benchmarksRunOnTheServerSettingsOfWeirUp() throws {
        let entry = try Regex(#"(?m)^ +"([a-z_]+)": "([^"]*)","#)
        func settings(_ path: String) -> [String: String] {
            var found: [String: String] = [:]
            for match in repository.text(path).matches(of: entry) {
                guard let name = match[1].substring, let value = match[2].substring else { continue }
                found[String(name)] = String(value)
            }
            return found
        }
        let measured = settings("bench/harness/cluster.py")
        let offered = settings("Services/CLI/Up/ClusterSettings.swift").filter { !$0.key.hasPrefix("log_") }
        #expect(!offered.isEmpty && measured == offered)
    }
}
