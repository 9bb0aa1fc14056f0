extension MappingPlan {
    /// The plan for a document that is the array of an answer's pages: every path begins with the page.
    public func onEveryPage() -> MappingPlan {
        func paged(_ pattern: PathPattern) -> PathPattern { PathPattern([.anyChild] + pattern.elements) }
        return MappingPlan(
            objects: objects.map(paged), objectNameKind: objectNameKind,
            datapoints: datapoints.map { datapoint in
                Datapoint(
                    key: datapoint.key, paths: datapoint.paths.map(paged), type: datapoint.type,
                    normalization: datapoint.normalization)
            })
    }
}
