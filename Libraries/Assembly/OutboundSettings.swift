import Outbound
import Runtime
import ServiceLifecycle

/// The HTTP client as the settings describe it.
///
/// - Configuration keys:
///   - `WEIR_OUTBOUND_ALLOW` (comma-separated networks, optional): addresses that may be called although the guard would
///     refuse them, such as `127.0.0.0/8` or, with a port, `10.1.2.3:8080`
///   - those of `OwnPorts`
///   - `WEIR_OUTBOUND_CONNECTIONS` (int, default: 1024): connections kept at once
public enum OutboundSettings {
    /// A client, its connections among the metrics.
    public static func client(_ context: RuntimeContext) throws -> OutboundClient {
        let client = try OutboundClient(configuration: configuration(context), logger: context.logger)
        context.metrics.show(client)
        return client
    }

    /// The configuration of a client.
    public static func configuration(_ context: RuntimeContext) throws -> OutboundClient.Configuration {
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = context.configuration.list("WEIR_OUTBOUND_ALLOW")
        configuration.ownPorts = try OwnPorts.read(context.configuration)
        configuration.connectionsMax = try context.configuration.int(
            "WEIR_OUTBOUND_CONNECTIONS", default: 1024, in: 1...65_536)
        // What a source or an endpoint allows is checked against this, the most that any of them may allow.
        configuration.responseBytesMax = 256 << 20
        configuration.userAgent = "weir/\(ServiceVersion.current)"
        return configuration
    }
}

/// Keeps an HTTP client open while the services that use it run; list it before them.
public struct OutboundKeeper: Service {
    private let client: OutboundClient

    /// A keeper of a client.
    public init(_ client: OutboundClient) {
        self.client = client
    }

    /// Waits for the stop, then closes the client.
    public func run() async throws {
        try? await gracefulShutdown()
        await client.close()
    }
}
