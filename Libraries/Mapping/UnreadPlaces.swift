import JSON

/// The places of a document that no pattern reads: for explanations, such as `weir source test`.
public struct UnreadPlaces: Sendable, Hashable {
    /// Places that are alike but for their positions in lists.
    public struct Place: Sendable, Hashable {
        /// In the notation of RFC 9535, with `[*]` for every position: `$.results[*].homepage`.
        public let path: String
        /// How many there are.
        public var count: Int
        /// The first value as compact JSON text.
        public let example: [UInt8]
    }

    /// In document order.
    public private(set) var places: [Place] = []
    /// How many values stand at places that are not listed, because there are too many different ones.
    public private(set) var unlistedCount = 0

    private var positions: [ExactText: Int] = [:]
    private let placesMax: Int

    fileprivate init(placesMax: Int) {
        self.placesMax = placesMax
    }

    /// Notes what stands below a node and is not read: texts, numbers and the like, and lists and objects that hold nothing.
    fileprivate mutating func collect(_ node: Int, at path: JSONPathText, of tape: JSONTape, read: Set<Int>) {
        guard !read.contains(node) else { return }
        let end = tape.next(node)
        var child = node + 1
        switch tape.kind(node) {
        case .object where child < end:
            while child < end {
                collect(child + 1, at: path.key(tape.string(child)), of: tape, read: read)
                child = tape.next(child + 1)
            }
        case .array where child < end:
            var path = path
            path.appendAnyIndex()
            while child < end {
                collect(child, at: path, of: tape, read: read)
                child = tape.next(child)
            }
        case .null, .false, .true, .number, .string, .array, .object: note(node, at: path.text, of: tape)
        }
    }

    private mutating func note(_ node: Int, at path: String, of tape: JSONTape) {
        if let position = positions[ExactText(path)] {
            places[position].count += 1
        } else if places.count < placesMax {
            var writer = JSONWriter()
            writer.value(node, of: tape)
            positions[ExactText(path)] = places.count
            places.append(Place(path: path, count: 1, example: writer.bytes))
        } else {
            unlistedCount += 1
        }
    }
}

extension PatternSet {
    /// What none of the patterns reads. A pattern that matches a list or an object reads all that is in it.
    ///
    /// - Parameter placesMax: the most different places that are listed.
    /// - Throws: ``MappingError`` if the document is not JSON or a bound is exceeded.
    public func unread(in document: [UInt8], placesMax: Int = 1_000) throws(MappingError) -> UnreadPlaces {
        let result = document.withUnsafeBytes { bytes in
            Result { () throws(MappingError) in
                try withMatches(in: bytes) { walk, tape in
                    var unread = UnreadPlaces(placesMax: placesMax)
                    unread.collect(0, at: JSONPathText(), of: tape, read: Set(walk.matches.map(\.node)))
                    return unread
                }
            }
        }
        return try result.get()
    }
}
