import JSON

/// From matches to objects with values: names the objects, assigns the values, chooses among fall-backs, writes the JSON.
struct AnswerAssembly {
    private struct FoundObject {
        let name: String?
        let match: PatternWalk.Match
        let depth: Int
    }

    /// One match for one object.
    private struct Assignment {
        let object: Int32
        let datapoint: Int32
        let alternative: Int32
        /// The value's node on the tape: also its order in the document.
        let node: Int
    }

    /// A place with many objects, as values of one kind see it.
    private struct Crowd: Hashable {
        let place: Int
        /// Whether the values' paths choose one of several records there.
        let choosesRecord: Bool
    }

    private var objects: [FoundObject] = []
    /// The objects of crowded places that values belong to: looked for once, since as many values may ask.
    private var nearest: [Crowd: [Int32]] = [:]
    private var assignments: [Assignment] = []
    private var conversion = ValueConversion()
    private var unassignedCount = 0

    mutating func assemble(
        _ walk: borrowing PatternWalk, of tape: JSONTape, plan: MappingPlan, limits: MappingLimits
    ) throws(MappingError) -> MappedAnswer {
        assignments.removeAll(keepingCapacity: true)
        unassignedCount = 0
        conversion.begin()
        if plan.objects.isEmpty {
            assignToRun(walk.matches)
            return try answer(names: [nil], tape, plan)
        }
        try collectObjects(walk.matches, tape, plan.objectNameKind, limits)
        try assign(walk.matches, ancestors: walk.ancestors, tape, limits)
        return try answer(names: objects.map(\.name), tape, plan)
    }

    private mutating func assignToRun(_ matches: [PatternWalk.Match]) {
        for match in matches { append(match, object: 0) }
    }

    private mutating func append(_ match: PatternWalk.Match, object: Int) {
        let assignment = Assignment(
            object: Int32(object),
            datapoint: match.target.datapoint,
            alternative: match.target.alternative,
            node: match.node
        )
        assignments.append(assignment)
    }

    private mutating func collectObjects(
        _ matches: [PatternWalk.Match], _ tape: JSONTape, _ kind: ObjectNameKind, _ limits: MappingLimits
    ) throws(MappingError) {
        objects.removeAll(keepingCapacity: true)
        nearest.removeAll(keepingCapacity: true)
        for match in matches where match.target.datapoint == PatternTrie.Target.object {
            switch try ObjectName.make(match, of: tape, kind) {
            case .name(let text) where text.utf8.count > limits.objectNameBytesMax:
                let reason = "a name of \(text.utf8.count) bytes, more than the maximum of \(limits.objectNameBytesMax)"
                conversion.fail(name: match.node, of: tape, reason: reason)
            case .name(let text):
                objects.append(FoundObject(name: text, match: match, depth: tape.depth(match.node)))
            case .none: break
            case .unsuitable(let found):
                let reason = "\(found) where an object's name is expected"
                conversion.fail(name: match.node, of: tape, reason: reason)
            }
        }
    }

    private mutating func assign(
        _ matches: [PatternWalk.Match], ancestors: [Int32], _ tape: JSONTape, _ limits: MappingLimits
    ) throws(MappingError) {
        for match in matches where match.target.datapoint != PatternTrie.Target.object {
            let depth = tape.depth(match.node)
            let before = assignments.count
            // From the value upwards to the first place that has objects in it. Matches stand in document order, so the objects
            // in a place are neighbours in the list.
            for level in stride(from: depth, through: 0, by: -1) {
                let place = Int(ancestors[match.ancestors + level])
                let first = firstObject(from: place)
                let end = firstObject(from: tape.next(place))
                guard first < end else { continue }
                assign(match, depth: depth, to: first..<end, in: place, sharing: level)
                break
            }
            if assignments.count == before { unassignedCount += 1 }
            guard assignments.count <= limits.matchesMax else {
                throw MappingError(tooManyMatchesMax: limits.matchesMax)
            }
        }
    }

    /// How many objects of one place are looked at again for each value.
    private static let fewObjects = 8

    /// Assigns to those of the candidates, which all share `level` steps with the value, that are nearest and no neighbours.
    private mutating func assign(
        _ match: PatternWalk.Match, depth: Int, to candidates: Range<Int>, in place: Int, sharing level: Int
    ) {
        let step = UInt64(1) << UInt64(min(level, 63))
        let crowd = Crowd(place: place, choosesRecord: depth > level && match.records & step != 0)
        if candidates.count > Self.fewObjects, let objects = nearest[crowd] {
            for object in objects { append(match, object: Int(object)) }
            return
        }
        let before = assignments.count
        var depthOfNearest = Int.max
        for index in candidates {
            let object = objects[index]
            // Neither path ends here, and at this step both chose one of several records: not the same one.
            let isNeighbour = crowd.choosesRecord && object.depth > level && object.match.records & step != 0
            guard !isNeighbour, object.depth <= depthOfNearest else { continue }
            if object.depth < depthOfNearest {
                depthOfNearest = object.depth
                assignments.removeLast(assignments.count - before)
            }
            append(match, object: index)
        }
        if candidates.count > Self.fewObjects { nearest[crowd] = assignments[before...].map(\.object) }
    }

    /// The first object at or behind a node of the tape.
    private func firstObject(from node: Int) -> Int {
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].match.node < node { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension AnswerAssembly {
    /// Where a value stands in the output.
    private typealias Written = (object: Int32, datapoint: Int, range: Range<Int>)

    private mutating func answer(
        names: [String?], _ tape: JSONTape, _ plan: MappingPlan
    ) throws(MappingError) -> MappedAnswer {
        assignments.sort { left, right in
            if left.object != right.object { return left.object < right.object }
            if left.datapoint != right.datapoint { return left.datapoint < right.datapoint }
            if left.alternative != right.alternative { return left.alternative < right.alternative }
            return left.node < right.node
        }
        let unsuitableNames = conversion.takeFailures()
        var values: [Written] = []
        values.reserveCapacity(assignments.count)
        var originals: [Written] = []
        var failures: [Int32: (listed: [ConversionFailure], count: Int)] = [:]
        var gained: [Int32: Int] = [:]
        var gainedBefore = 0
        var start = 0
        while start < assignments.count {
            let first = assignments[start]
            var end = start + 1
            while end < assignments.count, assignments[end].object == first.object,
                assignments[end].datapoint == first.datapoint
            {
                end += 1
            }
            let datapoint = Int(first.datapoint)
            let chosen = choose(from: start..<end, tape)
            // Not copied: the name and the words of a datapoint have no part in this.
            if plan.datapoints[datapoint].normalizes {
                let written = try conversion.writeNormalized(
                    nodes(chosen), of: tape, datapoint: datapoint, plan.datapoints[datapoint])
                if let written { values.append((first.object, datapoint, written.value)) }
                if let original = written?.original { originals.append((first.object, datapoint, original)) }
            } else if let range = try conversion.write(
                nodes(chosen), of: tape, datapoint: datapoint, plan.datapoints[datapoint].type)
            {
                values.append((first.object, datapoint, range))
            }
            start = end
            // Assignments stand in the order of their objects: this one has no more.
            if start == assignments.count || assignments[start].object != first.object {
                let own = conversion.takeFailures()
                if own.count > 0 { failures[first.object] = own }
                if conversion.digitsGained > gainedBefore {
                    gained[first.object] = conversion.digitsGained - gainedBefore
                    gainedBefore = conversion.digitsGained
                }
            }
        }
        return MappedAnswer(
            objects: objects(names, values: values, originals: originals, failures: failures, gained: gained),
            failures: unsuitableNames.listed,
            failureCount: unsuitableNames.count, unassignedCount: unassignedCount
        )
    }

    private func nodes(_ range: Range<Int>) -> some Collection<Int> {
        assignments[range].lazy.map(\.node)
    }

    /// Of one datapoint's matches for one object, those of the first fall-back that has more than nulls, else of the first.
    private func choose(from range: Range<Int>, _ tape: JSONTape) -> Range<Int> {
        var first: Range<Int>?
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            var hasValue = false
            while end < range.upperBound, assignments[end].alternative == assignments[start].alternative {
                hasValue = hasValue || tape.kind(assignments[end].node) != .null
                end += 1
            }
            if hasValue { return start..<end }
            first = first ?? start..<end
            start = end
        }
        return first ?? range
    }

    private mutating func objects(
        _ names: [String?], values: [Written], originals: [Written],
        failures: [Int32: (listed: [ConversionFailure], count: Int)], gained: [Int32: Int]
    ) -> [MappedObject] {
        let json = conversion.takeOutput()
        let originalJSON = originals.isEmpty ? [] : conversion.takeOriginals()
        var place = 0
        var originalPlace = 0
        return names.enumerated().map { index, name in
            let own = Self.next(values, from: &place, of: index)
            let ownOriginals = originals.isEmpty ? 0..<0 : Self.next(originals, from: &originalPlace, of: index)
            let failed = failures[Int32(index)]
            return MappedObject(
                name: name,
                values: values[own].map { MappedValue(datapoint: $0.datapoint, json: json[$0.range]) },
                originals: originals[ownOriginals].map {
                    MappedValue(datapoint: $0.datapoint, json: originalJSON[$0.range])
                },
                failures: failed?.listed ?? [], failureCount: failed?.count ?? 0,
                digitsGained: gained[Int32(index)] ?? 0)
        }
    }

    /// Those of an object, which stand next.
    private static func next(_ written: [Written], from place: inout Int, of object: Int) -> Range<Int> {
        let first = place
        while place < written.count, Int(written[place].object) == object { place += 1 }
        return first..<place
    }
}
