/// What a `Range` header asks of a body of a known length (RFC 9110, 14.2).
enum ByteRange: Equatable {
    /// All of it: there is no header, or one that a server may pass over (another unit, several ranges, malformed).
    case whole
    /// These bytes.
    case part(Range<Int>)
    /// Bytes behind the end.
    case unsatisfiable

    init(header: String?, length: Int) {
        self = .whole
        // There is nothing to resume of an empty body; whoever asks gets all of it.
        guard let header, length > 0 else { return }
        let words = header.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].lowercased() == "bytes" else { return }
        let ends = words[1].split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix { $0 == " " } }
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else { return }
        // Numbers beyond all lengths are as good as the largest.
        let numbers = ends.map { $0.isEmpty ? nil : Int($0) ?? .max }
        switch (numbers[0], numbers[1]) {
        case (let first?, let last):
            guard first <= last ?? .max else { return }
            self = first < length ? .part(first..<min(last ?? .max, length - 1) + 1) : .unsatisfiable
        case (nil, let suffix?):
            self = suffix > 0 ? .part(max(0, length - suffix)..<length) : .unsatisfiable
        case (nil, nil): return
        }
    }
}
