/// How all services stand at one moment. What is nil is not known.
struct TopPicture: Sendable, Equatable {
    /// A stage of the flow, over all processes.
    struct StageLine: Sendable, Equatable {
        let name: String
        let unit: String
        /// Ended each second, and how much of it went wrong.
        let rate: Double?
        let failedRate: Double?
        let waiting: Double?
        let oldestSeconds: Double?
        let inFlight: Double?
        let inFlightMax: Double?
        let meanSeconds: Double?
    }

    /// One process of a service.
    struct ProcessLine: Sendable, Equatable {
        let service: String
        let host: String
        let process: Int
        let version: String
        let uptimeSeconds: Double
        /// Of one core.
        let cpu: Double?
        let memoryBytes: Double?
        let connectionsInUse: Double?
        let connectionsMax: Double?
        let connectionWaiters: Double?
        let rate: Double?
        let unit: String
        let inFlight: Double?
        let inFlightMax: Double?
        /// Set when it has stopped reporting.
        let silentSeconds: Double?
    }

    /// The bus.
    struct BusLine: Sendable, Equatable {
        let receivedRate: Double?
        let deliveredRate: Double?
        let mergedRate: Double?
        let droppedRate: Double?
        let waiting: Double
        let credit: Double
    }

    let stages: [StageLine]
    let processes: [ProcessLine]
    let bus: BusLine?
}

extension TopPicture.ProcessLine: Comparable {
    /// By where a service stands in the flow, then by machine and process.
    static func < (left: Self, right: Self) -> Bool {
        (left.place, left.service, left.host, left.process) < (right.place, right.service, right.host, right.process)
    }

    private static let order = Stage.all.map(\.service)

    private var place: Int { Self.order.firstIndex(of: service) ?? Self.order.count }
}
