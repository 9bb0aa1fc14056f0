import JSON

/// Why an answer could not be mapped at all, in words for the one who looks at the run.
public struct MappingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: String, Sendable, Hashable {
        /// No byte, or white space only.
        case empty
        /// HTML, XML or plain text.
        case notJSON = "not_json"
        /// The answer ends in the middle.
        case truncated
        /// Not valid JSON in another way.
        case invalidJSON = "invalid_json"
        /// Nested too deeply.
        case tooDeep = "too_deep"
        /// Too long.
        case tooLarge = "too_large"
        /// More matches than the bound.
        case tooManyMatches = "too_many_matches"
        /// A mapped text that no database text can hold: U+0000 or half of a surrogate pair.
        case unstorableText = "unstorable_text"
        /// A mapped number beyond the range of Postgres's `numeric`.
        case numberOutOfRange = "number_out_of_range"
        /// No memory for the parser's buffers.
        case outOfMemory = "out_of_memory"
    }

    /// What kind of error it is.
    public let code: Code
    /// The byte of the answer at which it shows, from 0.
    public let offset: Int
    /// The place in the answer, such as `$.results[2].name`.
    public let path: String
    /// What is wrong, a sentence without a full stop.
    public let reason: String

    /// What is wrong, a sentence without a full stop.
    public var description: String { reason }

    init(code: Code, offset: Int, path: String, reason: String) {
        self.code = code
        self.offset = offset
        self.path = path
        self.reason = reason
    }

    /// An error of a mapped place.
    init(code: Code, at index: Int, of tape: JSONTape, reason: String) {
        let path = tape.path(to: index).text
        self.init(code: code, offset: tape.offset(index), path: path, reason: "\(reason) (at \(path))")
    }

    /// The parser's error, said of an answer.
    init(_ error: JSONError) {
        let detail = error.detail.replacing("the document", with: "the answer")
        let place = " (at \(error.path), byte \(error.offset))"
        let (code, showsPlace): (Code, Bool) =
            switch error.code {
            case .empty: (.empty, false)
            case .notJSON: (.notJSON, false)
            case .truncated: (.truncated, false)
            case .tooDeep: (.tooDeep, true)
            case .tooLarge: (.tooLarge, false)
            case .outOfMemory: (.outOfMemory, false)
            case .unexpectedByte, .invalidNumber, .invalidEscape, .controlCharacter, .invalidUTF8, .loneSurrogate,
                .trailingContent:
                (.invalidJSON, true)
            }
        let reason = code == .invalidJSON ? "the answer is not valid JSON: \(detail)" : detail
        self.init(code: code, offset: error.offset, path: error.path, reason: showsPlace ? reason + place : reason)
    }
}
