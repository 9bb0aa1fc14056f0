extension PostgresDecimal: LosslessStringConvertible {
    /// Reads `12`, `-0.50`, `.5`, `1e-3`, `NaN`, `Infinity`, `-Infinity`; nil for anything else or for too many digits.
    public init?(_ text: String) {
        switch text {
        case "NaN": self = .notANumber
        case "Infinity", "+Infinity": self = .infinity
        case "-Infinity": self = .negativeInfinity
        default:
            guard let literal = DecimalLiteral(text) else { return nil }
            self.init(literal)
        }
    }

    private init?(_ literal: DecimalLiteral) {
        // The point moves by the exponent; what is missing on either side are zeros.
        let point = literal.pointPosition + literal.exponent
        let scale = max(0, literal.digits.count - point)
        guard point <= Self.integerDigitsMax, scale <= Self.scaleMax else { return nil }
        // Groups of four are aligned at the point: `shift` zeros in front of the digits complete the first group.
        let firstWeight = (point + 3).flooredQuotient(by: 4) - 1
        let shift = (firstWeight + 1) * 4 - point
        var groups: [Int16] = []
        groups.reserveCapacity((shift + literal.digits.count + 3) / 4)
        var group: Int16 = 0
        var length = shift
        for digit in literal.digits {
            group = group * 10 + Int16(digit)
            length += 1
            if length == 4 {
                groups.append(group)
                (group, length) = (0, 0)
            }
        }
        if length > 0 {
            for _ in length..<4 { group *= 10 }
            groups.append(group)
        }
        self.init(kind: literal.isNegative ? .negative : .positive, groups: groups, weight: firstWeight, scale: scale)
    }

    /// The number as Postgres prints it, with its scale.
    public var description: String {
        switch kind {
        case .notANumber: return "NaN"
        case .positiveInfinity: return "Infinity"
        case .negativeInfinity: return "-Infinity"
        case .positive, .negative: break
        }
        var text: [UInt8] = kind == .negative ? [UInt8(ascii: "-")] : []
        if groups.isEmpty || weight < 0 {
            text.append(UInt8(ascii: "0"))
        } else {
            for position in stride(from: Int(weight), through: 0, by: -1) {
                Self.append(group(atWeight: position), to: &text, padded: position < Int(weight))
            }
        }
        if scale > 0 {
            text.append(UInt8(ascii: "."))
            let fractionStart = text.count
            var position = -1
            while text.count - fractionStart < Int(scale) {
                Self.append(group(atWeight: position), to: &text, padded: true)
                position -= 1
            }
            text.removeLast(text.count - fractionStart - Int(scale))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func group(atWeight position: Int) -> Int16 {
        let index = Int(weight) - position
        return groups.indices.contains(index) ? groups[index] : 0
    }

    private static func append(_ group: Int16, to text: inout [UInt8], padded: Bool) {
        let digits = [group / 1000, group / 100 % 10, group / 10 % 10, group % 10]
        let shown = padded ? digits[...] : digits.drop { $0 == 0 }
        text.append(contentsOf: shown.map { UInt8(ascii: "0") + UInt8($0) })
    }
}

/// The parts of a decimal number as written.
struct DecimalLiteral {
    private(set) var isNegative = false
    /// Digits before and after the point, without the point.
    private(set) var digits: [UInt8] = []
    /// How many of the digits stand before the point.
    private(set) var pointPosition = 0
    private(set) var exponent = 0

    /// Beyond any number that fits; keeps a huge exponent from reserving memory.
    private static let exponentMax = 200_000

    init?(_ text: String) {
        var rest = Substring(text).utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        digits = Self.takeDigits(from: &rest)
        pointPosition = digits.count
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            digits += Self.takeDigits(from: &rest)
        }
        guard !digits.isEmpty else { return nil }
        if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            guard let value = Int(Substring(rest.dropFirst())), abs(value) <= Self.exponentMax else { return nil }
            exponent = value
            rest = rest[rest.endIndex...]
        }
        guard rest.isEmpty else { return nil }
    }

    private static func takeDigits(from rest: inout Substring.UTF8View) -> [UInt8] {
        let taken = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest[taken.endIndex...]
        return taken.map { $0 - UInt8(ascii: "0") }
    }
}

extension Int {
    /// Division that rounds towards negative infinity.
    fileprivate func flooredQuotient(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
