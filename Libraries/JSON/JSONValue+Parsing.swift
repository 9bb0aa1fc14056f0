extension JSONValue {
    /// Parses one document; nothing but white space may follow it. Of equal keys the last value counts.
    ///
    /// - Throws: ``JSONError`` with byte offset and path, also where a string holds half of a surrogate pair, which no Swift
    ///   string can. U+0000 is allowed.
    public init(parsing bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let value = try JSONParser(limits: limits).withTape(of: bytes) { tape -> Result<JSONValue, JSONError> in
            tape.containsLoneSurrogate(0) ? .failure(tape.loneSurrogateError) : .success(JSONValue(0, of: tape))
        }
        self = try value.get()
    }

    /// Parses one document; see ``init(parsing:limits:)-(UnsafeRawBufferPointer,_)``.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSONValue(parsing: buffer, limits: limits) }
        }
        self = try result.get()
    }

    /// Parses one document; see ``init(parsing:limits:)-(UnsafeRawBufferPointer,_)``.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), limits: limits)
    }

    /// The value of a node, copied out of the tape. Half surrogate pairs become U+FFFD: look for them first.
    public init(_ index: Int, of tape: JSONTape) {
        switch tape.kind(index) {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .number: self = .number(JSONNumber(validated: String(decoding: tape.bytes(index), as: UTF8.self)))
        case .string: self = .string(tape.string(index))
        case .array:
            var elements: [JSONValue] = []
            var element = index + 1
            while element < tape.next(index) {
                elements.append(JSONValue(element, of: tape))
                element = tape.next(element)
            }
            self = .array(elements)
        case .object:
            var object = JSONObject()
            var key = index + 1
            while key < tape.next(index) {
                object[tape.string(key)] = JSONValue(key + 1, of: tape)
                key = tape.next(key + 1)
            }
            self = .object(object)
        }
    }
}
