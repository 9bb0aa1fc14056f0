extension OutboundClient {
    /// The bounds and habits of a client. Every bound has a default that suits a service of many sources.
    public struct Configuration: Sendable {
        /// Networks in CIDR notation that the address guard lets through although it would refuse them, such as
        /// `127.0.0.0/8` or `fd12:3456::/32`, each with a port or without (``AllowedNetwork``). Empty by default: only
        /// addresses of the public internet are connected to.
        public var allowedNetworks: [String] = []

        /// Ports at which services of the house listen. No allowed network lets them through, unless its entry names the
        /// port. Empty by default.
        public var ownPorts: Set<Int> = []

        /// The most exchanges in progress, and so the most connections in use. Also the most connections kept, idle
        /// ones included. Default 1,024.
        public var connectionsMax = 1024

        /// The most exchanges in progress with one origin (scheme, host and port). Default 256.
        public var connectionsPerHostMax = 256

        /// How long an unused connection may be taken up again; older ones are closed. Whole seconds. Default 60
        /// seconds.
        public var idleConnectionLife: Duration = .seconds(60)

        /// The most requests that wait for a free connection; one more fails with ``OutboundError/Code/overloaded``.
        /// Default 10,000.
        public var queuedRequestsMax = 10_000

        /// The `User-Agent` of requests that bring none. Default `weir`.
        public var userAgent = "weir"

        /// The most bytes of a body to accept, after decompression; a request can ask for less, not more. Default 16
        /// MiB.
        public var responseBytesMax = 16 << 20

        /// The most bytes that all answers in progress may hold together; the exchange that would exceed it fails with
        /// ``OutboundError/Code/overloaded``. Default 256 MiB.
        public var bufferedBytesMax = 256 << 20

        /// The most bytes of an answer's header, status lines and interim answers included. Default 64 KiB; libcurl
        /// itself refuses a single line of 100 KiB.
        public var headerBytesMax = 64 << 10

        /// The most header fields of an answer. Default 256.
        public var headerCountMax = 256

        /// The most bytes of a request's body. Default 64 MiB.
        public var requestBytesMax = 64 << 20

        /// A file of PEM certificates to trust instead of the system's. Default `nil`: the system's.
        public var caFile: String?

        /// What the name service says of a host whose URL has a port: numeric addresses, or `nil` to ask the system. Asked anew
        /// for every exchange. Only for tests, which try with it what a hostile name server can; default: the system's.
        var resolve: (@Sendable (_ host: String) -> [String]?)?

        /// Makes a configuration with the defaults.
        public init() {}
    }
}

extension OutboundClient.Configuration {
    /// Refuses bounds that cannot work, by name.
    func validate() throws(OutboundError) {
        let positives: [(String, Int)] = [
            ("connectionsMax", connectionsMax), ("connectionsPerHostMax", connectionsPerHostMax),
            ("responseBytesMax", responseBytesMax), ("bufferedBytesMax", bufferedBytesMax),
            ("headerBytesMax", headerBytesMax), ("headerCountMax", headerCountMax),
            ("queuedRequestsMax", queuedRequestsMax), ("requestBytesMax", requestBytesMax),
        ]
        for (name, value) in positives where value < 1 {
            throw OutboundError(code: .invalidConfiguration, message: "\(name) is \(value); it must be at least 1")
        }
        guard userAgent.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw OutboundError(code: .invalidConfiguration, message: "userAgent holds a control character")
        }
    }
}
