/// An address that a socket binds or connects to, checked when it is read and not when it fails.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// The transports of libzmq that Weir uses.
    public enum Transport: String, Sendable {
        /// `tcp://HOST:PORT`; a port of `*` lets the system choose when binding.
        case tcp
        /// `ipc://PATH`: a Unix domain socket.
        case ipc
        /// `inproc://NAME`: between sockets of one context.
        case inproc
    }

    /// How bytes travel.
    public let transport: Transport
    /// What follows `://`.
    public let address: String

    /// Reads an endpoint as libzmq writes them.
    ///
    /// - Throws: `MessagingError` with code `invalidEndpoint`.
    public init(parsing text: String) throws(MessagingError) {
        guard let separator = Self.firstSeparator(in: text),
            let transport = Transport(rawValue: String(text[..<separator.lowerBound]))
        else {
            throw MessagingError(
                .invalidEndpoint, endpoint: text, "an endpoint is tcp://HOST:PORT, ipc://PATH or inproc://NAME")
        }
        self.transport = transport
        self.address = String(text[separator.upperBound...])
        guard !address.isEmpty, !address.utf8.contains(0) else {
            throw MessagingError(.invalidEndpoint, endpoint: text, "the endpoint has no address")
        }
        if transport == .tcp {
            guard !host.isEmpty, port == "*" || UInt16(port) != nil else {
                throw MessagingError(.invalidEndpoint, endpoint: text, "a tcp endpoint is tcp://HOST:PORT")
            }
        }
    }

    /// Reads a comma-separated list such as the value of `WEIR_BUS_ENDPOINTS`; blanks around commas are ignored.
    ///
    /// - Throws: `MessagingError` with code `invalidEndpoint`.
    public static func list(parsing text: String) throws(MessagingError) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for part in text.split(separator: ",") {
            let trimmed = part.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed()
            endpoints.append(try Endpoint(parsing: String(trimmed)))
        }
        return endpoints
    }

    private static func firstSeparator(in text: String) -> Range<String.Index>? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        return colon..<text.index(colon, offsetBy: 3)
    }

    private var portSeparator: String.Index? { address.lastIndex(of: ":") }

    /// The host of a TCP endpoint, IPv6 addresses with their brackets; empty for the others.
    public var host: String {
        guard transport == .tcp, let portSeparator else { return "" }
        return String(address[..<portSeparator])
    }

    /// The port of a TCP endpoint, `*` where the system is to choose; empty for the others.
    public var port: String {
        guard transport == .tcp, let portSeparator else { return "" }
        return String(address[address.index(after: portSeparator)...])
    }

    /// Whether only this machine can reach the endpoint. Names other than `localhost` count as reachable from outside.
    public var isLocal: Bool {
        switch transport {
        case .ipc, .inproc: true
        case .tcp: host == "localhost" || host == "lo" || host == "[::1]" || Self.isIPv4Loopback(host)
        }
    }

    /// Whether the host is a literal IPv6 address, for which `ZMQ_IPV6` must be set.
    var isIPv6: Bool { host.hasPrefix("[") }

    private static func isIPv4Loopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The endpoint as libzmq reads it.
    public var description: String { "\(transport.rawValue)://\(address)" }
}
