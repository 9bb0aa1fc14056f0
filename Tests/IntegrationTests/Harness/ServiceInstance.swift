/// One process of a service; several of one service may run.
struct ServiceInstance: Hashable, Comparable, Sendable, CustomStringConvertible {
    let service: ServiceName
    /// 0 for the first, or the only one.
    let number: Int

    init(_ service: ServiceName, _ number: Int = 0) {
        self.service = service
        self.number = number
    }

    /// The executable's name, with a number behind it from the second on: `weir-executor-2`.
    var description: String { number == 0 ? service.executable : "\(service.executable)-\(number + 1)" }

    /// In the order in which services are started.
    static func < (one: ServiceInstance, other: ServiceInstance) -> Bool {
        (one.service.order, one.number) < (other.service.order, other.number)
    }
}
