/// Why bytes are not an acceptable JSON document, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of error it is.
    public enum Code: String, Sendable, Hashable {
        /// No byte, or white space only.
        case empty
        /// The document ends in the middle of a value.
        case truncated
        /// The very first byte cannot begin a JSON document: HTML, XML or plain text.
        case notJSON
        /// A byte stands where the grammar allows another.
        case unexpectedByte
        /// A number outside the grammar of RFC 8259, such as `01` or `1.`.
        case invalidNumber
        /// An escape sequence that JSON does not have.
        case invalidEscape
        /// A control character inside a string that must be escaped.
        case controlCharacter
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// Half of a surrogate pair (`\ud83d` alone), which no text can hold.
        case loneSurrogate
        /// Something follows the document.
        case trailingContent
        /// Arrays and objects are nested deeper than ``JSONLimits/depthMax``.
        case tooDeep
        /// The document is longer than ``JSONLimits/bytesMax``.
        case tooLarge
        /// The parser's buffers could not be allocated.
        case outOfMemory
    }

    /// What kind of error it is.
    public let code: Code
    /// The offset of the offending byte in the input, from 0.
    public let offset: Int
    /// The place in the document in the notation of RFC 9535, such as `$.objects[3]`.
    public let path: String
    /// What was expected and found, as a clause without a full stop.
    public let detail: String

    /// Creates an error; see the properties.
    public init(code: Code, offset: Int, path: String, detail: String) {
        self.code = code
        self.offset = offset
        self.path = path
        self.detail = detail
    }

    /// A sentence for a person: what is wrong, at which path and byte.
    public var description: String {
        "\(detail) (at \(path), byte \(offset))"
    }
}
