public import JSON

/// Several patterns that are looked for in one pass over a document: compiled once, used for every document.
public struct PatternSet: Sendable {
    private let trie: PatternTrie
    private let limits: MappingLimits

    /// Compiles patterns; a match names the place of its pattern in this list.
    public init(_ patterns: [PathPattern], limits: MappingLimits = MappingLimits()) {
        var builder = PatternTrieBuilder()
        for (index, pattern) in patterns.enumerated() { builder.insert(pattern, datapoint: index, alternative: 0) }
        trie = builder.build()
        self.limits = limits
    }

    /// Calls `visit` with each match in document order. The value is only made when it is asked for. Of repeated keys the last counts.
    ///
    /// - Throws: ``MappingError`` if the document is not JSON or a bound is exceeded; then nothing was visited.
    public func forEachMatch(
        in document: [UInt8], _ visit: (_ pattern: Int, _ value: () -> JSONValue) -> Void
    ) throws(MappingError) {
        let result = document.withUnsafeBytes { bytes in
            Result { () throws(MappingError) in try search(bytes, visit) }
        }
        try result.get()
    }

    private func search(
        _ document: UnsafeRawBufferPointer, _ visit: (Int, () -> JSONValue) -> Void
    ) throws(MappingError) {
        try withMatches(in: document) { walk, tape in
            for match in walk.matches {
                visit(Int(match.target.datapoint)) { JSONValue(match.node, of: tape) }
            }
        }
    }

    /// Parses a document, finds all matches, and lends both.
    func withMatches<Output>(
        in document: UnsafeRawBufferPointer, _ body: (PatternWalk, JSONTape) -> Output
    ) throws(MappingError) -> Output {
        let parser = JSONParser(limits: limits.json)
        let tape: JSONTape
        do throws(JSONError) {
            tape = try parser.unsafeTape(of: document)
        } catch {
            throw MappingError(error)
        }
        var walk = PatternWalk()
        guard walk.run(trie, over: tape, matchesMax: limits.matchesMax) else {
            throw MappingError(tooManyMatchesMax: limits.matchesMax)
        }
        // The tape is read within, and the parser owns it.
        return withExtendedLifetime(parser) { body(walk, tape) }
    }
}
