import Messaging
import Runtime

/// The bus as the settings name it.
public enum BusSettings {
    /// A client's side: `WEIR_BUS_ENDPOINTS`, `WEIR_BUS_EVENTS`, `WEIR_BUS_KEYS`.
    ///
    /// - Throws: `ConfigurationError` when endpoints are missing; what the keys' files say when they cannot be read.
    public static func client(_ context: RuntimeContext) throws -> BusConfiguration {
        let endpoints = context.configuration.list("WEIR_BUS_ENDPOINTS")
        guard !endpoints.isEmpty else {
            throw ConfigurationError.missing(
                "WEIR_BUS_ENDPOINTS", remedy: "Set it to the bus, such as tcp://127.0.0.1:7401")
        }
        return BusConfiguration(
            endpoints: endpoints, eventsEndpoint: context.configuration.string("WEIR_BUS_EVENTS"),
            curve: try context.configuration.string("WEIR_BUS_KEYS").map { directory in
                try KeyDirectory(path: directory).clientKeys(for: context.name)
            },
            name: context.name)
    }
}
