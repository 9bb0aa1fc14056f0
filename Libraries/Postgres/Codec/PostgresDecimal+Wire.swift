/// Binary form of `numeric`: number of groups, weight, sign, scale, then the groups, two bytes each (`numeric_send`).
extension PostgresDecimal: PostgresEncodable, PostgresDecodable {
    /// `numeric`.
    public static var postgresType: PostgresType { .numeric }

    /// The groups of four digits.
    public func encode(into encoder: inout PostgresEncoder) {
        encoder.write(UInt16(groups.count))
        encoder.write(weight)
        encoder.write(kind.rawValue)
        encoder.write(scale)
        for group in groups { encoder.write(group) }
    }

    /// Reads a `numeric`.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .numeric, named: "numeric")
        let count = Int(try bytes.integer(UInt16.self, at: 0))
        let weight = try bytes.integer(Int16.self, at: 2)
        let scale = Int(try bytes.integer(UInt16.self, at: 6))
        guard let kind = Kind(rawValue: try bytes.integer(UInt16.self, at: 4)) else {
            throw .malformed("unknown sign of numeric")
        }
        switch kind {
        case .notANumber: self = .notANumber
        case .positiveInfinity: self = .infinity
        case .negativeInfinity: self = .negativeInfinity
        case .positive, .negative:
            guard bytes.count == 8 + 2 * count, scale <= Self.scaleMax,
                Int(weight) - count >= Int(Int16.min)
            else {
                throw .malformed("numeric of length \(bytes.count)")
            }
            var groups: [Int16] = []
            groups.reserveCapacity(count)
            for index in 0..<count {
                let group = try bytes.integer(Int16.self, at: 8 + 2 * index)
                guard (0..<10_000).contains(group) else { throw .malformed("numeric with a group over 9999") }
                groups.append(group)
            }
            self.init(kind: kind, groups: groups, weight: Int(weight), scale: scale)
        }
    }
}
