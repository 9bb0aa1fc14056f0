/// What a request template of a source is for.
enum TemplateKind: String, CaseIterable {
    case run
    case status
    case delivery
    case abort
    case cleanup
    case lookup

    /// The key of a source in the file.
    var key: String { "\(rawValue)_request_template" }

    /// The variables that this template has beyond those of all.
    ///
    /// - Parameters:
    ///   - hasJob: whether the source answers later.
    ///   - placesCursor: whether page, offset or cursor can be placed by the template whose answer is paged.
    func variables(hasJob: Bool, placesCursor: Bool) -> [String] {
        switch self {
        case .run: hasJob ? ["callback_url", "submission_key"] : placesCursor ? ["cursor"] : []
        case .delivery: ["run_external_id"] + (placesCursor ? ["cursor"] : [])
        case .status, .abort, .cleanup: ["run_external_id"]
        case .lookup: ["submission_key"]
        }
    }
}
