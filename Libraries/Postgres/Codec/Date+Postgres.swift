#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// `timestamptz` counts microseconds from 2000-01-01 UTC, with the largest and smallest integers for the infinities
/// (https://www.postgresql.org/docs/15/datatype-datetime.html).
extension Date: PostgresEncodable, PostgresDecodable {
    /// `timestamp with time zone`.
    public static var postgresType: PostgresType { .timestamptz }

    /// Seconds from 2000-01-01 to Swift's reference date 2001-01-01; 2000 was a leap year.
    private static let epochOffset: Double = 366 * 86_400

    /// Microseconds of 4714-11-24 BC and of 294277-01-01, between which the server keeps instants.
    private static let range: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000

    /// Microseconds, rounded to the nearest. An infinite interval is sent as `infinity` or `-infinity`; an instant that the server
    /// cannot hold, or NaN, is refused.
    public func encode(into encoder: inout PostgresEncoder) {
        let seconds = timeIntervalSinceReferenceDate
        if seconds == .infinity { return encoder.write(Int64.max) }
        if seconds == -.infinity { return encoder.write(Int64.min) }
        // Whole seconds apart from the rest, so that the product keeps every digit that the Double has.
        let whole = seconds.rounded(.down)
        let fraction = ((seconds - whole) * 1_000_000).rounded()
        guard let wholeSeconds = Int64(exactly: whole + Self.epochOffset) else {
            return encoder.refuse("is an instant outside of what Postgres can hold")
        }
        let scaled = wholeSeconds.multipliedReportingOverflow(by: 1_000_000)
        let micros = scaled.partialValue.addingReportingOverflow(Int64(fraction))
        guard !scaled.overflow, !micros.overflow, Self.range.contains(micros.partialValue) else {
            return encoder.refuse("is an instant outside of what Postgres can hold")
        }
        encoder.write(micros.partialValue)
    }

    /// Reads a `timestamptz`. The infinities become dates with an infinite interval.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let micros = try cell.bytes(of: .timestamptz, named: "timestamp with time zone").integer(Int64.self)
        switch micros {
        case .max: self.init(timeIntervalSinceReferenceDate: .infinity)
        case .min: self.init(timeIntervalSinceReferenceDate: -.infinity)
        default:
            let (whole, fraction) = micros.quotientAndRemainder(dividingBy: 1_000_000)
            let seconds = Double(whole) - Self.epochOffset
            self.init(timeIntervalSinceReferenceDate: seconds + Double(fraction) / 1_000_000)
        }
    }
}
