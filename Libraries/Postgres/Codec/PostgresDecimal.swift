/// An exact decimal number for a column of type `numeric`, with up to 131,072 digits before and 16,383 after the point.
///
/// It keeps the scale it was written with (`1.50` prints as `1.50`) and compares by value (`1.50 == 1.5`). It does not compute:
/// amounts of money are integers of minor units.
public struct PostgresDecimal: Sendable {
    enum Kind: UInt16, Sendable {
        case positive = 0x0000
        case negative = 0x4000
        case notANumber = 0xC000
        case positiveInfinity = 0xD000
        case negativeInfinity = 0xF000
    }

    let kind: Kind
    /// Groups of four decimal digits, most significant first, without groups of zero at either end.
    let groups: [Int16]
    /// Power of 10,000 of the first group.
    let weight: Int16
    /// Digits shown after the point.
    let scale: Int16

    static let integerDigitsMax = 131_072
    static let scaleMax = 16_383

    /// Not a number; equal to itself, as in Postgres.
    public static let notANumber = PostgresDecimal(kind: .notANumber)
    /// Larger than every number.
    public static let infinity = PostgresDecimal(kind: .positiveInfinity)
    /// Smaller than every number.
    public static let negativeInfinity = PostgresDecimal(kind: .negativeInfinity)

    private init(kind: Kind) {
        (self.kind, groups, weight, scale) = (kind, [], 0, 0)
    }

    /// Drops groups of zero at the ends, so that equal values have equal groups.
    init(kind: Kind, groups: [Int16], weight: Int, scale: Int) {
        let leading = groups.prefix { $0 == 0 }.count
        let significant = groups.dropFirst(leading)
        let trailing = significant.reversed().prefix { $0 == 0 }.count
        self.groups = Array(significant.dropLast(trailing))
        self.weight = self.groups.isEmpty ? 0 : Int16(weight - leading)
        self.scale = Int16(scale)
        self.kind = self.groups.isEmpty && kind == .negative ? .positive : kind
    }

    /// A whole number.
    public init(_ value: Int64) {
        var groups: [Int16] = []
        var rest = value.magnitude
        while rest > 0 {
            groups.append(Int16(rest % 10_000))
            rest /= 10_000
        }
        let kind: Kind = value < 0 ? .negative : .positive
        self.init(kind: kind, groups: groups.reversed(), weight: groups.count - 1, scale: 0)
    }
}

extension PostgresDecimal: Hashable {
    /// Compares by value, not by scale.
    public static func == (left: PostgresDecimal, right: PostgresDecimal) -> Bool {
        left.kind == right.kind && left.weight == right.weight && left.groups == right.groups
    }

    /// Hashes the value, not the scale.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(weight)
        hasher.combine(groups)
    }
}
