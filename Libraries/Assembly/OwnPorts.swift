import Postgres
import Runtime

/// The ports of Weir's own services as far as a service's settings name them. An allowed network lets none of them through.
///
/// - Configuration keys:
///   - `WEIR_OUTBOUND_OWN_PORTS` (comma-separated ports, optional): those of other services, such as their health ports
///   - `WEIR_DATABASE_URL`, `WEIR_BUS_ENDPOINTS`, `WEIR_BUS_EVENTS`, `WEIR_PUBLIC_URL`, `WEIR_HTTP_PORT`, `WEIR_HEALTH_PORT`: the ports in them
enum OwnPorts {
    static func read(_ settings: RuntimeConfiguration) throws -> Set<Int> {
        let range = 1...65_535
        var ports: Set<Int> = []
        for text in settings.list("WEIR_OUTBOUND_OWN_PORTS") {
            guard let port = Int(text), range.contains(port) else {
                throw ConfigurationError.invalid(
                    "WEIR_OUTBOUND_OWN_PORTS", value: text, expected: "ports from 1 to 65535 with commas between them")
            }
            ports.insert(port)
        }
        for setting in ["WEIR_HTTP_PORT", "WEIR_HEALTH_PORT"] {
            if let port = try settings.optionalInt(setting, in: 0...65_535), port != 0 { ports.insert(port) }
        }
        let addresses = settings.list("WEIR_BUS_ENDPOINTS") + settings.list("WEIR_BUS_EVENTS")
        ports.formUnion((addresses + settings.list("WEIR_PUBLIC_URL")).compactMap(port(ofURL:)))
        if let url = settings.string("WEIR_DATABASE_URL") {
            ports.formUnion(PostgresPool.Configuration(connectionString: url).ports)
        }
        return ports
    }

    /// The port that an address such as `tcp://10.0.0.5:7401` or `https://weir.example.com:8443/` names.
    ///
    /// Where none stands, the scheme's own is meant, which other servers use just as well: a public URL without a port is that of
    /// the proxy before intake.
    private static func port(ofURL url: String) -> Int? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let colon = authority.lastIndex(of: ":") else { return nil }
        return Int(authority[authority.index(after: colon)...])
    }
}
