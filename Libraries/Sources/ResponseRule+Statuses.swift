import JSON

extension ResponseRule.Statuses {
    /// A class of statuses from its name: 4 for `4xx`.
    public init?(className name: String) {
        let bytes = Array(name.utf8)
        guard bytes.count == 3, bytes[1...].elementsEqual("xx".utf8), (2...5).contains(bytes[0] &- UInt8(ascii: "0"))
        else { return nil }
        self = .hundreds(Int(bytes[0] - UInt8(ascii: "0")))
    }

    /// `404`, `[404, 410]` or `"4xx"`.
    init(_ value: JSONValue, at path: JSONPathText) throws(SourceSetupError) {
        if let name = value.stringValue {
            guard let hundreds = Self(className: name) else {
                throw SourceSetupError(at: path.text, "a class of statuses is one of 2xx, 3xx, 4xx, 5xx")
            }
            self = hundreds
            return
        }
        let list = value.arrayValue ?? [value]
        guard SourceBounds.alternatives.contains(list.count) else {
            throw SourceSetupError(at: path.text, "\(list.count) statuses are out of bounds")
        }
        let statuses = list.compactMap(\.intValue).filter(SourceBounds.status.contains)
        guard statuses.count == list.count else {
            throw SourceSetupError(at: path.text, "statuses are whole numbers from 200 to 599")
        }
        self = .anyOf(statuses)
    }

    var json: JSONValue {
        switch self {
        case .hundreds(let hundreds): .string("\(hundreds)xx")
        case .anyOf(let statuses):
            statuses.count == 1 ? .integer(statuses[0]) : .array(statuses.map { .integer($0) })
        }
    }
}
