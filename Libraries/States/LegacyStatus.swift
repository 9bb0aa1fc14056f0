/// A status from before there were states, as tables of that time hold it.
///
/// `etl_api.migrate_legacy_status` converts such tables by the same rule; `Tests/Vectors/legacy_statuses.json` is run by both.
public enum LegacyStatus: String, Sendable, Hashable, CaseIterable {
    /// Recorded, not looked at yet.
    case pending
    /// Checked.
    case validation
    /// Expanded, fit to be taken up.
    case activityProcessed = "activity_processed"
    /// Waits for something outside.
    case waiting
    /// Somebody works on it.
    case running
    /// Somebody works on its answer.
    case processing
    /// A template needs a value that is missing.
    case missingValue = "missing_value"
    /// Ended with an outcome.
    case completed
    /// Ended with an outcome, said otherwise.
    case done
    /// Ended without success.
    case failed

    /// Reads a status in any mix of capital and small letters; nil when it is none of them.
    ///
    /// A to Z alone have two forms here. Elsewhere the language decides, and a status must not mean something else in another one.
    public init?(_ text: String) {
        let bytes = text.utf8.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
        self.init(rawValue: String(decoding: bytes, as: UTF8.self))
    }

    /// The state that it stands for.
    public var state: State {
        switch self {
        case .pending: .new
        case .validation: .valid
        case .activityProcessed: .ready
        case .waiting: .waiting
        case .running, .processing: .inProgress
        case .missingValue: .invalid
        case .completed, .done: .done
        case .failed: .failed
        }
    }

    /// Why the row stands in that state, where the status said it.
    public var substate: Substate? { self == .missingValue ? .missingValue : nil }
}
