import JSON

extension ValueConversion {
    /// Writes one match in the form of its datapoint, and beside it what the answer says. False, with a failure noted, if it has none.
    mutating func normalize(
        _ node: Int, of tape: JSONTape, datapoint: Int, _ mapping: MappingPlan.Datapoint, isElement: Bool
    ) throws(MappingError) -> Bool {
        switch tape.kind(node) {
        case .null:
            writer.null()
            originals.null()
            return true
        case .array where !isElement:
            writer.beginArray()
            originals.beginArray()
            var element = node + 1
            while element < tape.next(node) {
                _ = try normalize(element, of: tape, datapoint: datapoint, mapping, isElement: true)
                element = tape.next(element)
            }
            writer.endArray()
            originals.endArray()
            return true
        case .array, .object: return fail(node, of: tape, datapoint: datapoint, expected: mapping.expectation)
        case .string, .number, .true, .false:
            return try normalize(scalar: node, of: tape, datapoint: datapoint, mapping)
        }
    }

    private mutating func normalize(
        scalar node: Int, of tape: JSONTape, datapoint: Int, _ mapping: MappingPlan.Datapoint
    ) throws(MappingError) -> Bool {
        let kind = tape.kind(node)
        if kind == .string {
            // What does not stay text cannot hold such characters; what does fails the answer, as any mapped text.
            if mapping.type == .text {
                try Storability.checkText(node, of: tape)
            } else if tape.containsNUL(node) || tape.containsLoneSurrogate(node) {
                return fail(node, of: tape, datapoint: datapoint, expected: mapping.expectation)
            }
        }
        let source = kind == .string ? tape.string(node) : String(decoding: tape.bytes(node), as: UTF8.self)
        // A number has no separators to be understood.
        let isPlain = kind == .number && mapping.type == .number
        guard let text = isPlain ? source : mapping.normalized(source) else {
            var remark = ""
            if mapping.normalization == .separators(decimal: nil),
                let (one, other) = SeparatedNumber.ambiguity(of: source)
            {
                remark = ": it may be \(one) or \(other), so declare the decimal sign"
            }
            return fail(node, of: tape, datapoint: datapoint, expected: mapping.expectation, remark: remark)
        }
        switch mapping.type {
        case .text, .date, .datetime: writer.string(text)
        case .boolean: writer.raw(text.utf8)
        case .number, .json:
            let number = Array(text.utf8)
            let digits = number.withUnsafeBytes { bytes in
                Result { () throws(MappingError) in try Storability.checkNumber(bytes, at: node, of: tape) }
            }
            try gain(digits.get(), at: node, of: tape)
            writer.raw(number)
        }
        originals.value(node, of: tape)
        isChanged = isChanged || text != source
        return true
    }
}

extension MappingPlan.Datapoint {
    fileprivate func normalized(_ text: String) -> String? {
        if let normalization { return normalization.normalized(text, as: type) }
        return CalendarTime(iso: text).flatMap { $0.text(as: type) }
    }

    /// What should have been there, for a person.
    fileprivate var expectation: String {
        switch type {
        case .text: normalization == .country ? "a country" : "text"
        case .number: "a number"
        case .boolean: "true or false"
        case .date: "a date such as 2024-01-31"
        case .datetime: "a time such as 2024-01-31T08:15:00Z"
        case .json: "a value"
        }
    }
}
