import JSON

/// Which places of a document are meant: a list of steps from the root.
///
/// In JSON a pattern is an array of elements (a single element may stand alone):
///
/// | element | step |
/// | --- | --- |
/// | `"name"` | the member with exactly this key |
/// | `3` | the array element at this index, from 0 |
/// | `"*"` | every member or element at this level |
/// | `"**"` | any number of levels, none included |
/// | `"'*'"` | a string in single quotes: the key between them, for keys that are themselves stars or quoted |
///
/// The empty array is the document itself. Matches come in document order, each place once.
public struct PathPattern: Sendable, Hashable {
    /// One step of a pattern.
    public enum Element: Sendable, Hashable {
        /// The member with this key.
        case key(String)
        /// The array element at this index, from 0.
        case index(Int)
        /// Every member or element at this level: `*`.
        case anyChild
        /// Any number of levels, none included: `**`.
        case anyDepth
    }

    /// The longest pattern, in elements.
    public static let elementsMax = 64

    /// The steps from the root; of several `**` in a row, one is kept.
    public let elements: [Element]

    /// A pattern of these steps.
    public init(_ elements: [Element]) {
        self.elements = elements.reduce(into: []) { kept, element in
            if element != .anyDepth || kept.last != .anyDepth { kept.append(element) }
        }
    }

    /// Reads a pattern from its JSON form.
    ///
    /// - Throws: ``PathPatternError`` naming the element that is no step.
    public init(parsing value: JSONValue) throws(PathPatternError) {
        guard case .array(let list) = value else {
            self.init([try Self.element(value, at: nil)])
            return
        }
        guard list.count <= Self.elementsMax else {
            let reason = "a path has at most \(Self.elementsMax) elements, this one has \(list.count)"
            throw PathPatternError(index: Self.elementsMax, reason: reason)
        }
        var elements: [Element] = []
        for (index, item) in list.enumerated() {
            elements.append(try Self.element(item, at: index))
        }
        self.init(elements)
    }

    private static func element(_ value: JSONValue, at index: Int?) throws(PathPatternError) -> Element {
        switch value {
        case .string(let text): return Element.parse(text)
        case .number(let number):
            guard let position = number.intValue, (0...Int(Int32.max)).contains(position) else {
                let reason = "\(number) is not an array index: it must be a whole number from 0"
                throw PathPatternError(index: index, reason: reason)
            }
            return .index(position)
        default:
            let reason = "\(value.kindName) is no path element: use a key, an index, \"*\" or \"**\""
            throw PathPatternError(index: index, reason: reason)
        }
    }

    /// The pattern in its JSON form; parses back to the same pattern.
    public var json: JSONValue {
        .array(
            elements.map { element in
                switch element {
                case .key(let key):
                    let isAmbiguous = key == "*" || key == "**" || Element.isQuoted(key)
                    return .string(isAmbiguous ? "'\(key)'" : key)
                case .index(let index): return .number(JSONNumber(index))
                case .anyChild: return "*"
                case .anyDepth: return "**"
                }
            }
        )
    }
}

extension PathPattern: ExpressibleByArrayLiteral {
    /// A pattern of steps in their JSON form: `["results", "*", "name"]`.
    public init(arrayLiteral elements: Element...) {
        self.init(elements)
    }
}

extension PathPattern.Element: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// A step in its JSON form: a key, `*`, `**`, or a key in single quotes.
    public init(stringLiteral text: String) {
        self = Self.parse(text)
    }

    /// An array index.
    public init(integerLiteral index: Int) {
        self = .index(index)
    }

    static func parse(_ text: String) -> Self {
        switch text {
        case "*": .anyChild
        case "**": .anyDepth
        case _ where isQuoted(text): .key(String(text.dropFirst().dropLast()))
        default: .key(text)
        }
    }

    static func isQuoted(_ text: String) -> Bool {
        text.utf8.count >= 2 && text.utf8.first == UInt8(ascii: "'") && text.utf8.last == UInt8(ascii: "'")
    }
}

/// Why a JSON value is no path pattern.
public struct PathPatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place in the array, or nil if the pattern is not an array.
    public let index: Int?
    /// What is wrong.
    public let reason: String

    /// A sentence for a person.
    public var description: String {
        index.map { "path element \($0 + 1): \(reason)" } ?? reason
    }
}
