public import JSON

extension Factor {
    /// Holds a value against the factor.
    ///
    /// Texts are compared exactly, numbers by their value. A value of another kind than that which it is compared with says nothing, also
    /// for ``FactorOperator/notEquals``: that a text is not 100 does not tell how many there are.
    ///
    /// - Parameter found: the object's value; nil or `null` when there is none.
    public func evaluate(_ found: JSONValue?) -> FactorOutcome {
        guard let found, !found.isNull else { return .unknown }
        let holds: Bool?
        switch comparison {
        case .equals: holds = order(of: found, to: value).map { $0 == 0 }
        case .notEquals: holds = order(of: found, to: value).map { $0 != 0 }
        case .greaterThan: holds = order(of: found, to: value).map { $0 > 0 }
        case .greaterEqual: holds = order(of: found, to: value).map { $0 >= 0 }
        case .lessThan: holds = order(of: found, to: value).map { $0 < 0 }
        case .lessEqual: holds = order(of: found, to: value).map { $0 <= 0 }
        case .between:
            holds = order(of: found, to: value[0] ?? .null).flatMap { low in
                order(of: found, to: value[1] ?? .null).map { high in low >= 0 && high <= 0 }
            }
        case .in: holds = any(of: value.arrayValue ?? []) { order(of: found, to: $0).map { $0 == 0 } }
        case .contains: holds = contains(found)
        }
        return holds.map { $0 ? .passed : .failed } ?? .unknown
    }

    private func contains(_ found: JSONValue) -> Bool? {
        if case .string(let text) = found, case .string(let part) = value { return text.utf8.contains(part.utf8) }
        guard case .array(let elements) = found else { return nil }
        // Of an empty list it is known that it does not.
        return elements.isEmpty ? false : any(of: elements) { order(of: $0, to: value).map { $0 == 0 } }
    }

    /// Whether one of several comparisons holds; nil when none can be made.
    private func any(of values: [JSONValue], _ compare: (JSONValue) -> Bool?) -> Bool? {
        let results = values.compactMap(compare)
        return results.isEmpty ? nil : results.contains(true)
    }

    /// How one value lies to another: negative when before it, 0 when the same, positive when behind it; nil when they cannot be compared.
    func order(of left: JSONValue, to right: JSONValue) -> Int? {
        switch (left, right) {
        case (.number(let left), .number(let right)): left.order(to: right)
        case (.bool(let left), .bool(let right)): left == right ? 0 : left ? 1 : -1
        case (.string(let left), .string(let right)):
            type == .time ? Self.order(ofTime: left, to: right) : Self.order(ofText: left, to: right)
        // A year is often written as a number.
        case (.number(let left), .string(let right)) where type == .time: Self.order(ofTime: left.text, to: right)
        case (.string(let left), .number(let right)) where type == .time: Self.order(ofTime: left, to: right.text)
        default: nil
        }
    }

    /// By bytes, as the database compares texts.
    private static func order(ofText left: String, to right: String) -> Int {
        left.utf8.elementsEqual(right.utf8) ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    /// Times of ISO 8601, as exactly as the less exact of the two is given: a day of 2020 is neither before nor after 2020. Clocks of two zones
    /// say nothing about each other.
    private static func order(ofTime left: String, to right: String) -> Int? {
        guard isTime(left), isTime(right) else { return nil }
        let (left, right) = (clock(left), clock(right))
        if !left.zone.isEmpty, !right.zone.isEmpty, left.zone != right.zone { return nil }
        let length = min(left.time.count, right.time.count)
        let (one, other) = (left.time.prefix(length), right.time.prefix(length))
        return one.elementsEqual(other) ? 0 : one.lexicographicallyPrecedes(other) ? -1 : 1
    }

    /// A date or time without its zone, with a `T` before the time of the day; and the zone, UTC as `Z`.
    private static func clock(_ text: String) -> (time: [UInt8], zone: String) {
        var time = Array(text.utf8)
        guard time.count > 10 else { return (time, "") }
        time[10] = UInt8(ascii: "T")
        let marks = "Zz+-".utf8
        guard let place = time[11...].firstIndex(where: marks.contains) else { return (time, "") }
        let zone = String(decoding: time[place...], as: UTF8.self)
        time.removeSubrange(place...)
        return (time, ["z", "+00:00", "-00:00", "+0000", "+00"].contains(zone) ? "Z" : zone)
    }

    /// Whether a text is a time in another zone than UTC, which values of datapoints are in.
    static func isElsewhere(_ text: String) -> Bool {
        isTime(text) && !["", "Z"].contains(clock(text).zone)
    }

    /// Whether a text begins with a year of four digits and is nothing but a date, or a date and a time.
    private static func isTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let shape = Array("0000-00-00".utf8)
        guard
            [4, 7, 10].contains(bytes.count)
                || bytes.count > 10 && (bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "))
        else { return false }
        return zip(bytes, shape).allSatisfy { byte, mark in
            mark == UInt8(ascii: "0") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == mark
        }
    }
}

extension JSONNumber {
    /// By value, whatever the text: 1.0 is 1.
    fileprivate func order(to other: JSONNumber) -> Int? {
        if let left = Int(text), let right = Int(other.text) { return left == right ? 0 : left < right ? -1 : 1 }
        guard let left = doubleValue, let right = other.doubleValue else { return nil }
        return left == right ? 0 : left < right ? -1 : 1
    }
}
