extension String {
    /// The text without white space at both ends.
    func trimmingWhitespace() -> String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return first == startIndex && scalars.index(after: last) == endIndex ? self : String(scalars[first...last])
    }

    /// The text without white space at both ends, and with one space for each stretch of it inside.
    func collapsingWhitespace() -> String {
        unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }.joined(separator: " ")
    }
}
