/// How an API writes dates and times, as `strptime` has it: `%d.%m.%Y`, `%b %d, %Y %I:%M %p`.
///
/// | directive | is |
/// | --- | --- |
/// | `%Y` | the year, four digits |
/// | `%m`, `%d` | month and day, one or two digits |
/// | `%b` | the month's English name, in full or its first three letters |
/// | `%H`, `%M`, `%S` | hour (0 to 23), minute, second, one or two digits |
/// | `%I`, `%p` | hour (1 to 12), with AM or PM |
/// | `%f` | parts of a second, up to nine digits |
/// | `%z` | the zone: `Z`, `+02:00`, `+0200` or `+02`; without it times are UTC |
/// | `%%` | a percent sign |
///
/// Two words stand for formats of their own: `epoch_seconds` and `epoch_milliseconds`, counted from 1970 in UTC.
public struct TimeFormat: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case literal(Unicode.Scalar)
        case directive(Unicode.Scalar)
    }

    private enum Form: Sendable, Hashable {
        case parts([Part])
        /// So many units to the second.
        case epoch(Int)
    }

    /// The format as it was declared.
    public let text: String
    private let form: Form

    /// The longest format, in bytes.
    public static let bytesMax = 64

    /// Reads a format.
    ///
    /// - Throws: ``NormalizationError`` if it is none, or does not say all that the type needs.
    public init(_ text: String, of type: DatapointType) throws(NormalizationError) {
        self.text = text
        guard text.utf8.count <= Self.bytesMax else {
            throw NormalizationError(reason: "a format has at most \(Self.bytesMax) bytes")
        }
        switch text {
        case "epoch_seconds": form = .epoch(1)
        case "epoch_milliseconds": form = .epoch(1000)
        default: form = .parts(try Self.parts(of: text, type))
        }
    }

    private static func parts(of text: String, _ type: DatapointType) throws(NormalizationError) -> [Part] {
        var parts: [Part] = []
        var met: Set<Unicode.Scalar> = []
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar.isASCII else {
                throw NormalizationError(reason: "the format \(text) has the character \(scalar), which is not ASCII")
            }
            guard scalar == "%" else {
                parts.append(.literal(scalar))
                continue
            }
            guard let directive = scalars.next(), "YmdbHMSIpfz%".unicodeScalars.contains(directive) else {
                throw NormalizationError(
                    reason: "the format \(text) has something behind % that is none of Y m d b H M S I p f z %")
            }
            guard directive != "%" else {
                parts.append(.literal("%"))
                continue
            }
            guard met.insert(directive).inserted else {
                throw NormalizationError(reason: "the format \(text) has %\(directive) twice")
            }
            parts.append(.directive(directive))
        }
        let hasMonth = met.contains("m") != met.contains("b")
        guard met.contains("Y"), hasMonth, met.contains("d") else {
            throw NormalizationError(reason: "the format \(text) lacks %Y, %d, or one of %m and %b")
        }
        guard met.contains("I") == met.contains("p"), !(met.contains("I") && met.contains("H")) else {
            throw NormalizationError(reason: "the format \(text) needs %H, or %I together with %p")
        }
        guard type == .date || met.contains("H") || met.contains("I") else {
            throw NormalizationError(reason: "the format \(text) says no hour: add %H, or make the datapoint a date")
        }
        return parts
    }

    /// The time that a text says in this format, or nil if it does not.
    func time(_ text: String) -> CalendarTime? {
        switch form {
        case .epoch(let scale): CalendarTime(secondsSince1970: text, scale: scale)
        case .parts(let parts): Self.time(text.trimmingWhitespace(), parts)
        }
    }

    private static func time(_ text: String, _ parts: [Part]) -> CalendarTime? {
        var scanner = DigitScanner(text)
        var time = CalendarTime()
        var isAfternoon: Bool?
        for part in parts {
            switch part {
            case .literal(let scalar):
                guard scanner.skip(scalar) else { return nil }
            case .directive("p"):
                switch scanner.letters() {
                case "am": isAfternoon = false
                case "pm": isAfternoon = true
                default: return nil
                }
            case .directive(let directive):
                guard read(directive, from: &scanner, into: &time) else { return nil }
            }
        }
        guard scanner.isAtEnd else { return nil }
        if let isAfternoon, let hour = time.hour {
            guard (1...12).contains(hour) else { return nil }
            time.hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        if time.hour != nil { time.offset = time.offset ?? 0 }
        return time.isValid ? time : nil
    }

    private static func read(
        _ directive: Unicode.Scalar, from scanner: inout DigitScanner, into time: inout CalendarTime
    ) -> Bool {
        func take(_ value: Int?, _ place: WritableKeyPath<CalendarTime, Int>) -> Bool {
            guard let value else { return false }
            time[keyPath: place] = value
            return true
        }
        switch directive {
        case "Y": return take(scanner.number(digits: 4...4), \.year)
        case "m": return take(scanner.number(digits: 1...2), \.month)
        case "d": return take(scanner.number(digits: 1...2), \.day)
        case "b": return take(month(scanner.letters()), \.month)
        case "M": return take(scanner.number(digits: 1...2), \.minute)
        case "S": return take(scanner.number(digits: 1...2), \.second)
        case "H", "I":
            time.hour = scanner.number(digits: 1...2)
            return time.hour != nil
        case "z":
            time.offset = scanner.zone()
            return time.offset != nil
        case "f":
            guard let digits = scanner.digits(1...9) else { return false }
            time.fraction = digits
            return true
        default: return false
        }
    }

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    private static func month(_ name: String) -> Int? {
        months.firstIndex { $0 == name || $0.prefix(3) == name }.map { $0 + 1 }
    }
}
