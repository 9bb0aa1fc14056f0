/// The services of Weir.
enum ServiceName: String, CaseIterable, Sendable {
    case bus, intake, executor, processor, delivery, scheduler

    var executable: String { "weir-\(rawValue)" }
}
