import Sources

/// Durations, sizes and rates, written with their unit.
extension DocumentCursor {
    private static let durationUnits = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
    private static let sizeUnits = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)]

    /// `500ms`, `30s`, `5m` or `1h`, in milliseconds.
    func milliseconds(in bounds: ClosedRange<Int>) -> Int? {
        quantity(
            "a duration", example: "30s or 500ms", units: Self.durationUnits, bounds: bounds, describe: Self.duration
        )
    }

    /// `512KiB`, `10MiB` or `1GiB`, in bytes.
    func byteCount(in bounds: ClosedRange<Int>) -> Int? {
        quantity("a size", example: "10MiB or 512KiB", units: Self.sizeUnits, bounds: bounds, describe: Self.size)
    }

    /// `10/s`, `600/m` or `5000/h`: calls that may begin in a second, minute or hour.
    func callRate() -> CallRate? {
        let bounds = SourceBounds.calls
        let remedy = "write calls per s, m or h, \(bounds.lowerBound) to \(bounds.upperBound), such as 10/s or 600/m"
        guard case .scalar(let text, _) = node.content else {
            report(.wrongType, "a rate is needed, not \(node.kindName)", remedy: remedy)
            return nil
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let calls = Int(parts[0]),
            let stretch = ["s": 1000, "m": 60_000, "h": 3_600_000][parts[1]]
        else {
            report(.wrongType, "a rate is needed, not \(node.kindName)", remedy: remedy)
            return nil
        }
        guard bounds.contains(calls) else {
            report(.outOfBounds, "\(text) is out of bounds", remedy: remedy)
            return nil
        }
        return CallRate(calls: calls, perMilliseconds: stretch)
    }

    private func quantity(
        _ noun: String, example: String, units: [(name: String, factor: Int)], bounds: ClosedRange<Int>,
        describe: (Int) -> String
    ) -> Int? {
        let remedy =
            "write \(noun) from \(describe(bounds.lowerBound)) to \(describe(bounds.upperBound)), such as \(example)"
        guard case .scalar(let text, _) = node.content,
            let unit = units.first(where: { text.hasSuffix($0.name) }),
            let number = Int(text.dropLast(unit.name.count)), number >= 0
        else {
            report(.wrongType, "\(noun) with its unit is needed, not \(node.kindName)", remedy: remedy)
            return nil
        }
        let (value, overflows) = number.multipliedReportingOverflow(by: unit.factor)
        guard !overflows, bounds.contains(value) else {
            report(.outOfBounds, "\(text) is out of bounds", remedy: remedy)
            return nil
        }
        return value
    }

    private static func duration(_ milliseconds: Int) -> String {
        largestUnit(of: milliseconds, [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)])
    }

    private static func size(_ bytes: Int) -> String {
        largestUnit(of: bytes, [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)])
    }

    private static func largestUnit(of value: Int, _ units: [(name: String, factor: Int)]) -> String {
        let unit = units.first { value >= $0.factor && value % $0.factor == 0 } ?? ("", 1)
        return "\(value / unit.factor)\(unit.name)"
    }
}
