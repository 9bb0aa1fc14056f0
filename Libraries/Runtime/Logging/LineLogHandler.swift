import Logging

/// Writes one line per event to a sink, by default standard error.
///
/// Values of metadata whose key names a secret (`password`, `authorization`, `api_key`, …) are replaced by `***`, and control
/// characters are escaped in both formats, so that no logged text can forge a line.
public struct LineLogHandler: LogHandler {
    /// Metadata that every event of this logger carries.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata from the task, e.g. the trace.
    public var metadataProvider: Logger.MetadataProvider?
    /// The least severe level that is written.
    public var logLevel: Logger.Level

    private let label: String
    private let format: LogFormat
    private let clock: WallClock
    private let write: @Sendable (String) -> Void

    /// Creates a handler that hands each whole line, with its line end, to `write`.
    public init(
        label: String,
        level: Logger.Level = .info,
        format: LogFormat = .text,
        metadataProvider: Logger.MetadataProvider? = nil,
        clock: WallClock = .system,
        write: @escaping @Sendable (String) -> Void = { StandardErrorOutput.write($0) }
    ) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.metadataProvider = metadataProvider
        self.clock = clock
        self.write = write
    }

    /// One value of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the event.
    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        let line = LogLine(
            nanosecondsSinceEpoch: clock.nanosecondsSinceEpoch(),
            level: event.level,
            label: label,
            message: event.message.description,
            fields: fields
        )
        switch format {
        case .text: write(line.text())
        case .json: write(line.json())
        }
    }
}
