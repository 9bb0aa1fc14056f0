/// What one source's answers are mapped to: compiled once, used for every answer.
public struct MappingPlan: Sendable {
    /// One datapoint with the places where it may be found.
    public struct Datapoint: Sendable, Hashable {
        /// The datapoint's key.
        public let key: String
        /// The patterns in fall-back order: for each object the first counts that finds anything but `null`; `null` counts if
        /// none does.
        public let paths: [PathPattern]
        /// The kind of value.
        public let type: DatapointType
        /// How values are brought into one form, if more is to be done than the type asks for.
        public let normalization: Normalization?
        /// Whether a value may differ from what the answer says, so that both are kept.
        let normalizes: Bool

        /// Creates a datapoint mapping.
        public init(key: String, paths: [PathPattern], type: DatapointType, normalization: Normalization? = nil) {
            self.key = key
            self.paths = paths
            self.type = type
            self.normalization = normalization
            normalizes = normalization != nil || type == .date || type == .datetime
        }
    }

    /// Where objects are found; none if every answer is about the one object that the run is for.
    public let objects: [PathPattern]
    /// How an object's name is made.
    public let objectNameKind: ObjectNameKind
    /// The datapoints; ``MappedValue/datapoint`` is an index into this list.
    public let datapoints: [Datapoint]
    let trie: PatternTrie

    /// Compiles a plan.
    public init(objects: [PathPattern] = [], objectNameKind: ObjectNameKind = .key, datapoints: [Datapoint]) {
        self.objects = objects
        self.objectNameKind = objectNameKind
        self.datapoints = datapoints
        var builder = PatternTrieBuilder()
        for (index, pattern) in objects.enumerated() {
            builder.insert(pattern, datapoint: PatternTrie.Target.object, alternative: index)
        }
        for (index, datapoint) in datapoints.enumerated() {
            for (alternative, pattern) in datapoint.paths.enumerated() {
                builder.insert(pattern, datapoint: index, alternative: alternative)
            }
        }
        trie = builder.build()
    }
}
