/// What the environment says about chaos.
struct ChaosVariables: Sendable {
    private let environment: [String: String]

    init(_ environment: [String: String]) {
        self.environment = environment
    }

    /// `WEIR_CHAOS_SEED`; without it every run of the tests is the same.
    func seed(default standard: UInt64 = 1) throws -> UInt64 {
        try number("WEIR_CHAOS_SEED", default: standard, in: 0 ... .max)
    }

    /// A whole number.
    ///
    /// - Throws: ``HarnessError`` when the variable is not a number, or out of bounds.
    func number(_ name: String, default standard: UInt64, in bounds: ClosedRange<UInt64>) throws -> UInt64 {
        guard let text = environment[name], !text.isEmpty else { return standard }
        guard let number = UInt64(text), bounds.contains(number) else {
            let (least, most) = (bounds.lowerBound, bounds.upperBound)
            throw HarnessError("\(name) is \(text); it takes a whole number from \(least) to \(most)")
        }
        return number
    }
}
