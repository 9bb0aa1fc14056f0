/// One process of a service, as it names itself on the bus.
public struct ServiceInstance: Sendable, Hashable {
    /// The executable, e.g. `weir-executor`.
    public let service: String
    /// The machine's name.
    public let host: String
    /// Tells several processes of one service on a machine apart.
    public let processID: Int32

    /// A process.
    public init(service: String, host: String, processID: Int32) {
        self.service = service
        self.host = host
        self.processID = processID
    }

    /// What stands as the source of its events: `/weir/executor/box-1/4711`.
    public var source: String {
        "/weir/\(service.replacing("weir-", with: "", maxReplacements: 1))/\(Self.segment(host))/\(processID)"
    }

    /// A name as a segment of a URI's path: what is not unreserved (RFC 3986) becomes a low line.
    private static func segment(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-._~".contains($0)) ? $0 : "_" })
    }
}
