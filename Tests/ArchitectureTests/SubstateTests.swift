import States
import Testing

/// The substates that Libraries/States knows are those that the services and the database write.
///
/// `delivery_attempt.substate`, which is not of a table with states, has its own list in docs/errors.md.
@Suite("Substates")
struct SubstateTests {
    private let repository = Repository.current

    @Test func thoseThatAreKnownAreThoseThatAreWritten() throws {
        let written = try writtenSubstates()
        let known = Set(Substate.known.map(\.rawValue))
        let reserved = Set(Substate.reserved.map(\.rawValue))
        for (substate, place) in written.sorted(by: { $0.key < $1.key }) {
            #expect(
                known.contains(substate), "\(place) writes '\(substate)', which Substate.meanings does not explain.")
            #expect(
                !reserved.contains(substate), "\(place) writes '\(substate)', so that it is no longer only reserved.")
        }
        for substate in known.subtracting(reserved) where written[substate] == nil {
            Issue.record("Nothing writes the substate '\(substate)', which Substate.meanings explains.")
        }
        #expect(reserved.isSubset(of: known))
    }

    /// Every substate that the sources name where one is written or compared, with the first such place.
    private func writtenSubstates() throws -> [String: String] {
        var found: [String: String] = [:]
        func add(_ words: [String], _ path: String) {
            for word in words where found[word] == nil { found[word] = path }
        }
        for path in repository.paths {
            let isStore = path.hasPrefix("Libraries/Store/") && path.hasSuffix(".swift")
            if isStore || path.hasPrefix("migrations/") {
                let text = repository.text(path)
                add(try inSQL(text), path)
            }
            if isStore
                || ["Libraries/Answers/", "Libraries/Exchanges/", "Libraries/Sources/"].contains(where: path.hasPrefix)
                || path.hasPrefix("Services/") && path.hasSuffix(".swift") && !path.hasPrefix("Services/Delivery/")
            {
                add(try inSwift(repository.text(path)), path)
            }
        }
        // Codes of libraries that become substates as they are.
        for (path, type) in [
            ("Libraries/Mapping/MappingError.swift", "Code"),
            ("Libraries/Store/RunStore+Claim.swift", "GiveBackReason"),
        ] {
            let cases = try rawValues(of: type, in: repository.text(path))
            #expect(!cases.isEmpty, "\(path) has no enum \(type) any more")
            add(cases, path)
        }
        let outbound = "Libraries/Outbound/OutboundError.swift"
        let codes = try words(#"Code\(description: "(\w+)"\)"#, in: repository.text(outbound))
        #expect(!codes.isEmpty, "\(outbound) names its codes differently")
        // Only the client's initializer throws this one, before there is any exchange.
        add(codes.filter { $0 != "invalid_configuration" }, outbound)
        return found
    }

    /// `state_substate = 'word'`, `… is distinct from 'word'`, `… = case … then 'word' … end`, `… else 'word' end as state_substate`, and why a request is being stopped,
    /// which becomes the substate of what is stopped.
    private func inSQL(_ text: String) throws -> [String] {
        var found = try words(#"state_substate\s*(?:=|is distinct from|is not distinct from)\s*'(\w+)'"#, in: text)
        for list in try words(#"(?:state_substate|stopping) in \(([^)]*)\)"#, in: text) {
            found += try words(#"'(\w+)'"#, in: list)
        }
        for expression in try words(#"(?s)state_substate = case\b(.*?)\bend\b"#, in: text) {
            found += try words(#"\b(?:then|else)\s+'(\w+)'"#, in: expression)
        }
        found += try words(#"else '(\w+)' end as state_substate"#, in: text)
        return found
    }

    /// Arguments and tuple elements of that name, and the one of the statement that sets a request's state.
    private func inSwift(_ text: String) throws -> [String] {
        var found: [String] = []
        for argument in try words(#"\bsubstate: ([^\n]*?)(?:, \w+:|\)|\n)"#, in: text)
            + words(#"setState, [\w.]+, (?:state|"\w+"), ([^\n]*?), (?:problem|none|String\?)"#, in: text)
        {
            // What a condition compares with is none. Of "http_\(status)" the beginning is read.
            found += try words(#"(?:^|[?:] )"(\w+)"#, in: argument).map { $0 == "http_" ? "http_NNN" : $0 }
        }
        found += try words(#"\(state, substate(?:, reason)?\) = \(\s*"\w+", "(\w+)""#, in: text)
        return found
    }

    private func rawValues(of type: String, in text: String) throws -> [String] {
        let body = try words("(?s)enum \(type): String[^{]*\\{(.*?)\\n    +\\}", in: text).first ?? ""
        return try body.split(separator: "\n").compactMap { line in
            try words(#"^ *case \w+ = "(\w+)""#, in: String(line)).first
                ?? words(#"^ *case (\w+)$"#, in: String(line)).first
        }
    }

    /// What the group of a pattern matches, everywhere.
    private func words(_ pattern: String, in text: String) throws -> [String] {
        let regex = try Regex(pattern)
        return text.matches(of: regex).compactMap { match in match[1].substring.map(String.init) }
    }
}
