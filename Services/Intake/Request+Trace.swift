import Contracts
import HTTPTypes
import Hummingbird

extension Request {
    /// The trace of the client; nil when it gave none or what it gave is malformed (several headers among that).
    var trace: TraceContext? {
        HTTPField.Name("traceparent").flatMap { headers[$0] }.flatMap { TraceContext(parsing: $0) }
    }
}
