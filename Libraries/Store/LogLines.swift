import Contracts
import Sources

/// Lines of `run_log`, column by column.
struct LogLines {
    var exchanges: [RunRequestID] = []
    var sequences: [Int32] = []
    var methods: [String] = []
    var urls: [String] = []
    var statuses: [Int32?] = []
    var milliseconds: [Double] = []
    var bytes: [Int32] = []
    var errors: [String?] = []
    var answers: [String?] = []

    init(_ exchanges: some Sequence<(RunRequestID, [CallLog])>) {
        for (exchange, calls) in exchanges {
            for (place, call) in calls.enumerated() {
                self.exchanges.append(exchange)
                sequences.append(Int32(clamping: place + 1))
                methods.append(call.method)
                urls.append(call.url)
                statuses.append(call.status.map(Int32.init(truncatingIfNeeded:)))
                milliseconds.append(Double(call.milliseconds))
                bytes.append(Int32(clamping: call.responseBytes))
                errors.append(call.error)
                answers.append(call.answer)
            }
        }
    }
}
