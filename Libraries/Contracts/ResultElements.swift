/// Lines of a result as elements of a JSON array. They are JSON already, and a line feed never stands inside one.
public struct ResultElements: Sendable {
    /// The last line feed: it becomes a comma if anything follows.
    private var isLineOver = false

    /// Begins an array.
    public init() {}

    /// The next part of the array, for the next part of the lines, wherever they were cut.
    public mutating func next(_ lines: [UInt8]) -> [UInt8] {
        guard !lines.isEmpty else { return [] }
        var elements = lines
        let endsLine = elements.last == UInt8(ascii: "\n")
        if endsLine { elements.removeLast() }
        elements.withUnsafeMutableBufferPointer { bytes in
            for place in bytes.indices where bytes[place] == UInt8(ascii: "\n") { bytes[place] = UInt8(ascii: ",") }
        }
        if isLineOver { elements.insert(UInt8(ascii: ","), at: 0) }
        isLineOver = endsLine
        return elements
    }
}
