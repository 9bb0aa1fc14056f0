import Messaging

/// Who has keys of the bus in an instance of `weir up`.
enum BusKeys {
    /// The name of this command's own key.
    static let commandLineName = "weir"
    /// All services that speak to the bus, and this command.
    static let clients = UpPlan.databaseServices.map { "weir-\($0)" } + [commandLineName]
}

extension StateDirectory {
    /// The directory of the bus' CURVE keys (`WEIR_BUS_KEYS`).
    var busKeysPath: String { "\(path)/bus-keys" }
}
