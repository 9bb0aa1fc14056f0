import JSON

/// The picture as programs get it.
enum TopDocument {
    /// One JSON object; what is not known is null.
    ///
    /// - Parameter time: when it was made, as RFC 3339.
    static func json(_ picture: TopPicture, time: String) -> JSONValue {
        [
            "time": .string(time),
            "stages": .array(picture.stages.map(json)),
            "processes": .array(picture.processes.map(json)),
            "bus": picture.bus.map(json) ?? .null,
        ]
    }

    private static func json(_ stage: TopPicture.StageLine) -> JSONValue {
        [
            "stage": .string(stage.name), "unit": .string(stage.unit), "rate": number(stage.rate),
            "failed_rate": number(stage.failedRate), "waiting": number(stage.waiting),
            "oldest_seconds": number(stage.oldestSeconds), "in_flight": number(stage.inFlight),
            "in_flight_max": number(stage.inFlightMax), "mean_seconds": number(stage.meanSeconds),
        ]
    }

    private static func json(_ process: TopPicture.ProcessLine) -> JSONValue {
        [
            "service": .string(process.service), "host": .string(process.host),
            "process": number(Double(process.process)), "version": .string(process.version),
            "uptime_seconds": number(process.uptimeSeconds), "cpu": number(process.cpu),
            "memory_bytes": number(process.memoryBytes), "connections_in_use": number(process.connectionsInUse),
            "connections_max": number(process.connectionsMax),
            "connection_waiters": number(process.connectionWaiters), "rate": number(process.rate),
            "unit": .string(process.unit), "in_flight": number(process.inFlight),
            "in_flight_max": number(process.inFlightMax), "silent_seconds": number(process.silentSeconds),
        ]
    }

    private static func json(_ bus: TopPicture.BusLine) -> JSONValue {
        [
            "received_rate": number(bus.receivedRate), "delivered_rate": number(bus.deliveredRate),
            "merged_rate": number(bus.mergedRate), "dropped_rate": number(bus.droppedRate),
            "waiting": number(bus.waiting), "credit": number(bus.credit),
        ]
    }

    /// Three decimals are more than a look of a few seconds knows.
    private static func number(_ value: Double?) -> JSONValue {
        guard let value, value.isFinite else { return .null }
        let rounded = (value * 1_000).rounded() / 1_000
        if let whole = Int(exactly: rounded) { return .number(JSONNumber(whole)) }
        return (try? JSONValue(parsing: rounded.description)) ?? .null
    }
}
