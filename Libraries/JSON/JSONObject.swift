/// The members of a JSON object in the order of the source.
///
/// Keys are unique by their bytes: where a document repeats a key, the last value counts and keeps the place of the first, as in
/// Postgres's `jsonb`. Two objects are equal if they have equal members in any order.
public struct JSONObject: Sendable {
    /// One key with its value.
    public struct Member: Sendable, Hashable {
        /// The key.
        public let key: String
        /// The value.
        public var value: JSONValue

        /// Creates a member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The members in order.
    public private(set) var members: [Member] = []
    /// Places of the keys in an object so large that searching it would cost.
    private var places: [ExactText: Int]?
    /// Up to here a linear search over the members is faster than hashing.
    private static let linearMax = 16

    /// An empty object.
    public init() {}

    /// An object of these members; of equal keys the last counts.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { self[key] = value }
    }

    mutating func reserveCapacity(_ count: Int) {
        members.reserveCapacity(count)
    }

    /// The value of a key. Setting nil removes the member; setting a new key appends one.
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?):
                members[place].value = value
            case (let place?, nil):
                members.remove(at: place)
                if places != nil { indexMembers() }
            case (nil, let value?):
                members.append(Member(key: key, value: value))
                if places != nil {
                    places?[ExactText(key)] = members.count - 1
                } else if members.count > Self.linearMax {
                    indexMembers()
                }
            case (nil, nil): break
            }
        }
    }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    private func place(of key: String) -> Int? {
        if let places { return places[ExactText(key)] }
        return members.firstIndex { $0.key == key && ExactText($0.key) == ExactText(key) }
    }

    private mutating func indexMembers() {
        guard members.count > Self.linearMax else {
            places = nil
            return
        }
        places = Dictionary(uniqueKeysWithValues: members.enumerated().map { (ExactText($1.key), $0) })
    }
}

extension JSONObject: RandomAccessCollection {
    /// The first position.
    public var startIndex: Int { members.startIndex }
    /// The position after the last member.
    public var endIndex: Int { members.endIndex }
    /// The member at a position.
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    /// Whether both have equal members, in whatever order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if left.members == right.members { return true }
        return left.members.allSatisfy { right[$0.key] == $0.value }
    }

    /// Combines the members so that their order does not matter.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.reduce(0) { $0 ^ $1.hashValue })
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object of these members; of equal keys the last counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
