import JSON

/// One place of a document that a pattern matches: for explanations, such as `weir source test`.
public struct PathMatch: Sendable, Hashable {
    /// The place in the notation of RFC 9535: `$.results[2].name`.
    public let path: String
    /// The value as compact JSON text.
    public let json: [UInt8]
}

extension PathPattern {
    /// All matches in document order, each place once. Of repeated keys the last counts.
    ///
    /// - Throws: ``MappingError`` if the document is not JSON or a bound is exceeded.
    public func matches(
        in document: [UInt8], limits: MappingLimits = MappingLimits()
    ) throws(MappingError) -> [PathMatch] {
        let result = document.withUnsafeBytes { bytes in
            Result { () throws(MappingError) in try matches(in: bytes, limits) }
        }
        return try result.get()
    }

    private func matches(
        in document: UnsafeRawBufferPointer, _ limits: MappingLimits
    ) throws(MappingError) -> [PathMatch] {
        let parser = JSONParser(limits: limits.json)
        let tape: JSONTape
        do throws(JSONError) {
            tape = try parser.unsafeTape(of: document)
        } catch {
            throw MappingError(error)
        }
        var builder = PatternTrieBuilder()
        builder.insert(self, datapoint: 0, alternative: 0)
        var walk = PatternWalk()
        let isComplete = walk.run(builder.build(), over: tape, matchesMax: limits.matchesMax)
        guard isComplete else { throw MappingError(tooManyMatchesMax: limits.matchesMax) }
        let matches = walk.matches.map { match in
            var writer = JSONWriter()
            writer.value(match.node, of: tape)
            return PathMatch(path: tape.path(to: match.node).text, json: writer.bytes)
        }
        // The tape is read up to here, and the parser owns it.
        return withExtendedLifetime(parser) { matches }
    }
}
