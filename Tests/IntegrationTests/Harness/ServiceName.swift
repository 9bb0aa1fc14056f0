/// The services of Weir.
enum ServiceName: String, CaseIterable, Sendable {
    case bus, intake, executor, processor, delivery, scheduler

    /// Where it stands in the order of starting.
    var order: Int { Self.allCases.firstIndex(of: self).unsafelyUnwrapped }
    var executable: String { "weir-\(rawValue)" }
}
