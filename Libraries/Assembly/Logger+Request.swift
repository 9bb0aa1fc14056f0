import Contracts
import Logging

extension Logger {
    /// The same logger for lines about one request: they carry its id as `request`, and as `trace_id` the trace of whoever asked.
    public func about(_ request: RequestReference) -> Logger {
        about(request.id).about(request.trace)
    }

    /// The same logger for lines about a request of which no more is known yet.
    public func about(_ request: ActivityRequestID) -> Logger {
        var logger = self
        logger[metadataKey: "request"] = "\(request)"
        return logger
    }

    /// The same logger for lines about work in a trace, if it is in one.
    public func about(_ trace: TraceContext?) -> Logger {
        guard let trace else { return self }
        var logger = self
        logger[metadataKey: "trace_id"] = "\(trace.traceID)"
        return logger
    }
}
