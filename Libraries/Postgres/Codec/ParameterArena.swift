/// The encoded parameters of a pipeline: one buffer of bytes, and per parameter its length and type.
struct ParameterArena: Sendable {
    private var encoder = PostgresEncoder()
    /// Length in bytes of each parameter; -1 for NULL, which occupies no bytes.
    private(set) var lengths: [Int32] = []
    private(set) var types: [UInt32] = []
    /// The first parameter that has no binary form.
    private(set) var refusal: (parameter: Int, reason: String)?

    var count: Int { lengths.count }
    var bytes: [UInt8] { encoder.bytes }

    mutating func append<Value: PostgresEncodable>(_ value: Value) {
        lengths.append(encoder.append(value))
        types.append(Value.postgresType.oid)
        if refusal == nil, let reason = encoder.refusal {
            refusal = (lengths.count - 1, reason)
        }
    }
}
