public import JSON

extension JSONValue {
    /// Milliseconds as seconds, in the shortest decimal text: 30, 0.5, 1.25.
    public static func seconds(_ milliseconds: Int) -> JSONValue {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest > 0 else { return .number(JSONNumber(whole)) }
        var fraction = String(String(1000 + rest).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return JSONNumber("\(whole).\(fraction)").map { .number($0) } ?? .number(JSONNumber(whole))
    }

    /// A whole number.
    static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
}
