import Answers
import JSON
import Mapping

/// What an answer is mapped to for the objects of one type, with every step on the way.
struct TrialAnswer {
    /// A path of the mapping and what it finds.
    struct Reading {
        /// The datapoint's key; nil for the objects' names.
        let datapoint: String?
        let path: PathPattern
        let matches: [PathMatch]
    }

    /// An object, or one that was asked for and is not there.
    struct Outcome {
        let name: String?
        let object: MappedObject?
        /// Whether a request would keep its values.
        let isWanted: Bool
        /// What becomes of it, if that needs a word.
        let note: String?
    }

    let objectType: String
    let plan: MappingPlan
    let readings: [Reading]
    let outcomes: [Outcome]
    /// Names that are none.
    let failures: [ConversionFailure]
    let failureCount: Int
    let unassignedCount: Int
    private let isFinding: Bool

    /// Maps an answer.
    ///
    /// - Parameters:
    ///   - isPaged: whether it is the array of its pages.
    ///   - asked: the objects that the source was asked about; none when it finds some.
    init(
        _ answer: [UInt8], isPaged: Bool, asked: [String], maxObjects: Int, _ mapping: TrialSource.TypeMapping
    ) throws(MappingError) {
        let limits = AnswerMapper.limits
        objectType = mapping.objectType
        isFinding = asked.isEmpty
        plan = mapping.plan
        var readings: [Reading] = []
        let paths =
            plan.objects.map { (nil, $0) }
            + plan.datapoints.flatMap { datapoint in datapoint.paths.map { (datapoint.key, $0) } }
        for (datapoint, path) in paths as [(String?, PathPattern)] {
            let pattern = isPaged ? path.onEveryPage : path
            readings.append(
                Reading(datapoint: datapoint, path: path, matches: try pattern.matches(in: answer, limits: limits)))
        }
        self.readings = readings
        let mapped = try Mapper(isPaged ? plan.onEveryPage() : plan, limits: limits).map(answer)
        failures = mapped.failures
        failureCount = mapped.failureCount
        unassignedCount = mapped.unassignedCount
        outcomes = Self.outcomes(
            mapped.objects, asked: asked, isAboutMany: !plan.objects.isEmpty && maxObjects > 1)
    }

    /// Whose the values are, as the processor decides it.
    private static func outcomes(_ objects: [MappedObject], asked: [String], isAboutMany: Bool) -> [Outcome] {
        guard !asked.isEmpty else {
            return objects.map { object in
                let note = object.name == nil ? "an activity that finds objects needs object_source" : nil
                return Outcome(name: object.name, object: object, isWanted: object.name != nil, note: note)
            }
        }
        if objects.count == 1, !isAboutMany {
            let found = objects[0].name
            let note = found.flatMap {
                asked.map(ExactText.init).contains(ExactText($0)) ? nil : "the answer names it \($0)"
            }
            return [Outcome(name: asked[0], object: objects[0], isWanted: true, note: note)]
        }
        // Of two objects with one name the first counts.
        let named = Dictionary(
            objects.map { ($0.name.map(ExactText.init), $0) }, uniquingKeysWith: { first, _ in first })
        let wanted = asked.map { name in
            let object = named[ExactText(name)]
            return Outcome(
                name: name, object: object, isWanted: true, note: object == nil ? "the answer does not name it" : nil)
        }
        var seen = Set(asked.map { Optional(ExactText($0)) })
        let others = objects.filter { seen.insert($0.name.map(ExactText.init)).inserted }.map { object in
            Outcome(name: object.name, object: object, isWanted: false, note: "not asked for: left out")
        }
        return wanted + others
    }

    /// Whether a request would get anything of it: a value, or an object that is found.
    var isMapped: Bool {
        outcomes.contains { outcome in
            guard outcome.isWanted, let object = outcome.object else { return false }
            return isFinding || !object.values.isEmpty
        }
    }
}

extension PathPattern {
    /// The path in a document that is the array of an answer's pages.
    var onEveryPage: PathPattern { PathPattern([.anyChild] + elements) }
}
