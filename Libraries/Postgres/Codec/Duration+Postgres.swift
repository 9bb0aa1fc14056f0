extension Duration: PostgresEncodable, PostgresDecodable {
    /// `interval`.
    public static var postgresType: PostgresType { .interval }

    /// Microseconds, without days and months; finer parts are cut off.
    public func encode(into encoder: inout PostgresEncoder) {
        let (seconds, attoseconds) = components
        let scaled = seconds.multipliedReportingOverflow(by: 1_000_000)
        let micros = scaled.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        guard !scaled.overflow, !micros.overflow else {
            return encoder.refuse("is a duration outside of what Postgres can hold")
        }
        encoder.write(micros.partialValue)
        encoder.write(Int32(0))  // days
        encoder.write(Int32(0))  // months
    }

    /// Reads an `interval`. A day counts 24 hours; an interval with months has no fixed duration and is malformed.
    public init(decoding cell: PostgresCell) throws(PostgresDecodingFailure) {
        let bytes = try cell.bytes(of: .interval, named: "interval")
        let micros = try bytes.integer(Int64.self, at: 0)
        let days = try bytes.integer(Int32.self, at: 8)
        guard try bytes.integer(Int32.self, at: 12) == 0 else {
            throw .malformed("an interval with months has no fixed duration")
        }
        self = .microseconds(micros) + .seconds(Int64(days) * 86_400)
    }
}
