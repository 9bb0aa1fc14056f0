import JSON

/// One pass over a document that finds every match of every pattern of a trie, in document order.
///
/// The walk keeps the set of active trie nodes per level, as a non-deterministic automaton does, and leaves out every subtree in
/// which no pattern can go on.
struct PatternWalk {
    /// An active trie node, with the steps that led here by a repetition of the pattern.
    struct State {
        var node: Int32
        /// Bit n is set if step n chose one of several *records*: any element of an array, or any member by `*`. Steps from the
        /// 64th on share the last bit.
        var records: UInt64
    }

    /// A place that a pattern matches.
    struct Match {
        var target: PatternTrie.Target
        /// The value's node on the tape.
        var node: Int
        var records: UInt64
        /// The value's index in its array, or -1 if it is a member of an object or the root.
        var index: Int32
        /// Where the nodes from the root to the value begin in `ancestors`; their number is the value's depth plus 1.
        var ancestors: Int
    }

    enum Outcome {
        case finished
        /// The document repeats a key of an object that was looked into; see ``resolvesDuplicates``.
        case metDuplicateKey
        case tooManyMatches
    }

    private(set) var matches: [Match] = []
    /// The tape nodes from the root to each match, one list after the other.
    private(set) var ancestors: [Int32] = []
    /// The most of them, 64 MiB: many matches at a great depth must not take all memory.
    private static let ancestorsMax = 1 << 24

    private var states: [State] = []
    private var path: [Int32] = []
    /// The index of the element that is visited next, or -1 for a member.
    private var index: Int32 = -1
    private var duplicates = DuplicateKeyDetector()
    /// Per trie node: the object in which its key was last met. The same object again means a repeated key.
    private var keyMetIn: [Int32] = []
    private var scratch: [UInt8] = []
    private var matchesMax = 0
    /// Whether the walk keeps to the last of equal keys. That costs a dictionary per object, so the first walk only watches out for
    /// repeated keys, and documents that have some, which are rare, are walked again.
    private var resolvesDuplicates = false

    /// Fills `matches` and `ancestors`. False if there are more matches than `matchesMax`.
    mutating func run(_ trie: PatternTrie, over tape: JSONTape, matchesMax: Int) -> Bool {
        self.matchesMax = matchesMax
        resolvesDuplicates = false
        var outcome = walkFromRoot(trie, tape)
        if outcome == .metDuplicateKey {
            resolvesDuplicates = true
            outcome = walkFromRoot(trie, tape)
        }
        return outcome == .finished
    }

    private mutating func walkFromRoot(_ trie: PatternTrie, _ tape: JSONTape) -> Outcome {
        matches.removeAll(keepingCapacity: true)
        ancestors.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        path.removeAll(keepingCapacity: true)
        keyMetIn.removeAll(keepingCapacity: true)
        keyMetIn.append(contentsOf: repeatElement(-1, count: trie.nodes.count))
        enter(0, records: 0, from: 0, trie)
        path.append(0)
        index = -1
        return visit(0, firstState: 0, trie, tape)
    }

    /// Visits a value whose active states are the last ones from `firstState` on.
    private mutating func visit(_ value: Int, firstState: Int, _ trie: PatternTrie, _ tape: JSONTape) -> Outcome {
        let lastState = states.count
        var leadsOn = false
        var isWild = false
        for place in firstState..<lastState {
            let state = states[place]
            let node = trie.nodes[Int(state.node)]
            leadsOn = leadsOn || node.leadsOn
            isWild = isWild || node.isWild
            for target in node.targetStart..<node.targetEnd {
                guard matches.count < matchesMax, ancestors.count < Self.ancestorsMax else { return .tooManyMatches }
                let match = Match(
                    target: trie.targets[Int(target)],
                    node: value,
                    records: state.records,
                    index: index,
                    ancestors: ancestors.count
                )
                matches.append(match)
                ancestors.append(contentsOf: path)
            }
        }
        guard leadsOn else { return .finished }
        switch tape.kind(value) {
        case .object: return visitMembers(of: value, states: firstState..<lastState, isWild: isWild, trie, tape)
        case .array: return visitElements(of: value, states: firstState..<lastState, trie, tape)
        default: return .finished
        }
    }

    private mutating func visitMembers(
        of object: Int, states range: Range<Int>, isWild: Bool, _ trie: PatternTrie, _ tape: JSONTape
    ) -> Outcome {
        var lastOfKey: [ExactText: Int]?
        if resolvesDuplicates {
            lastOfKey = tape.lastMembers(of: object)
        } else if isWild, duplicates.mayRepeat(object, of: tape) {
            return .metDuplicateKey
        }
        let end = tape.next(object)
        var key = object + 1
        while key < end {
            let value = key + 1
            if lastOfKey == nil || lastOfKey?[ExactText(tape.string(key))] == key {
                let outcome = visitMember(key, of: object, states: range, trie, tape)
                if outcome != .finished { return outcome }
            }
            key = tape.next(value)
        }
        return .finished
    }

    private mutating func visitMember(
        _ key: Int, of object: Int, states range: Range<Int>, _ trie: PatternTrie, _ tape: JSONTape
    ) -> Outcome {
        let isEscaped = tape.isEscaped(key)
        if isEscaped {
            scratch.removeAll(keepingCapacity: true)
            JSONString.unescape(tape.bytes(key), into: &scratch)
        }
        let hash = isEscaped ? scratch.withUnsafeBytes { keyHash($0) } : keyHash(tape.bytes(key))
        let step = UInt64(1) << UInt64(min(path.count - 1, 63))
        for place in range {
            let state = states[place]
            let node = trie.nodes[Int(state.node)]
            if node.slotCount > 0 {
                let child =
                    isEscaped
                    ? scratch.withUnsafeBytes { trie.child(of: node, key: $0, hash: hash) }
                    : trie.child(of: node, key: tape.bytes(key), hash: hash)
                if child >= 0 {
                    if keyMetIn[Int(child)] == Int32(object), !resolvesDuplicates { return .metDuplicateKey }
                    keyMetIn[Int(child)] = Int32(object)
                    enter(child, records: state.records, from: range.upperBound, trie)
                }
            }
            if node.anyChild >= 0 { enter(node.anyChild, records: state.records | step, from: range.upperBound, trie) }
            if node.isAnyDepth, node.hasTargets || tape.isContainer(key + 1) {
                enter(state.node, records: state.records, from: range.upperBound, trie)
            }
        }
        index = -1
        return descend(to: key + 1, from: range.upperBound, trie, tape)
    }

    private mutating func visitElements(
        of array: Int, states range: Range<Int>, _ trie: PatternTrie, _ tape: JSONTape
    ) -> Outcome {
        let end = tape.next(array)
        let step = UInt64(1) << UInt64(min(path.count - 1, 63))
        var element = array + 1
        var position: Int32 = 0
        while element < end {
            for place in range {
                let state = states[place]
                let node = trie.nodes[Int(state.node)]
                for entry in node.indexStart..<node.indexEnd where trie.indexes[Int(entry)].index == position {
                    enter(trie.indexes[Int(entry)].child, records: state.records, from: range.upperBound, trie)
                }
                let records = state.records | step
                if node.anyChild >= 0 { enter(node.anyChild, records: records, from: range.upperBound, trie) }
                if node.isAnyDepth, node.hasTargets || tape.isContainer(element) {
                    enter(state.node, records: records, from: range.upperBound, trie)
                }
            }
            index = position
            let outcome = descend(to: element, from: range.upperBound, trie, tape)
            if outcome != .finished { return outcome }
            element = tape.next(element)
            position += 1
        }
        return .finished
    }

    /// Visits a child with the states that were entered for it, if any, and takes them off again.
    private mutating func descend(
        to child: Int, from firstState: Int, _ trie: PatternTrie, _ tape: JSONTape
    ) -> Outcome {
        guard states.count > firstState else { return .finished }
        path.append(Int32(child))
        let outcome = visit(child, firstState: firstState, trie, tape)
        path.removeLast()
        states.removeLast(states.count - firstState)
        return outcome
    }

    /// Makes a trie node active, and with it the node after a `**`, which needs no step.
    private mutating func enter(_ node: Int32, records: UInt64, from firstState: Int, _ trie: PatternTrie) {
        if trie.hasAnyDepth {
            // Two ways to the same node are one match. A step that an exact key explains is not the choice of a record.
            for place in firstState..<states.count where states[place].node == node {
                states[place].records &= records
                return
            }
        }
        states.append(State(node: node, records: records))
        let anyDepth = trie.nodes[Int(node)].anyDepth
        if anyDepth >= 0 { enter(anyDepth, records: records, from: firstState, trie) }
    }
}

extension JSONTape {
    fileprivate func isContainer(_ index: Int) -> Bool { kind(index) == .object || kind(index) == .array }

    /// The last key node of each key of an object.
    fileprivate func lastMembers(of object: Int) -> [ExactText: Int] {
        var last: [ExactText: Int] = [:]
        var key = object + 1
        while key < next(object) {
            last[ExactText(string(key))] = key
            key = next(key + 1)
        }
        return last
    }
}
