/// What the readiness checks of a process said at one moment.
public struct HealthReport: Sendable, Equatable {
    /// The outcome of one check.
    public struct Check: Sendable, Equatable {
        /// The name under which it was registered.
        public let name: String
        /// Why it failed, or nil when it passed.
        public let failure: String?
    }

    /// Whether the process is stopping; it is not ready then, whatever the checks say.
    public let isDraining: Bool
    /// The checks, sorted by name.
    public let checks: [Check]

    /// Whether the process should be given work.
    public var isReady: Bool { !isDraining && checks.allSatisfy { $0.failure == nil } }

    /// `{"status":"ready","checks":{"database":"ok"}}`; a failed check has its reason instead of `ok`, and the status of a
    /// process that is not ready is `unready` or `draining`.
    public func json() -> String {
        var text = "{\"status\":\"\(isReady ? "ready" : isDraining ? "draining" : "unready")\",\"checks\":{"
        for (index, check) in checks.enumerated() {
            if index > 0 { text += "," }
            LogText.appendJSONString(check.name, to: &text)
            text += ":"
            LogText.appendJSONString(check.failure ?? "ok", to: &text)
        }
        return text + "}}\n"
    }
}
