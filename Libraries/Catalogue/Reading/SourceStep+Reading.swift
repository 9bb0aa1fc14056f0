import Sources

/// The steps of a source, as a file has them.
extension SourceStep {
    /// The variables that this step's template has beyond those of all.
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
