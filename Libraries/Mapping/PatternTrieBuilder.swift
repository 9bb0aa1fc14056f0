/// Collects patterns as a tree with dictionaries, and lays it out as the flat tables of ``PatternTrie``.
struct PatternTrieBuilder {
    private struct Draft {
        var keys: [(key: String, child: Int)] = []
        var indexes: [(index: Int, child: Int)] = []
        var anyChild: Int?
        var anyDepth: Int?
        var isAnyDepth = false
        var targets: [PatternTrie.Target] = []
    }

    private var drafts = [Draft()]

    /// Adds a pattern. The same pattern twice for one datapoint counts once, at its first place in the fall-back order.
    mutating func insert(_ pattern: PathPattern, datapoint: Int, alternative: Int) {
        var node = 0
        for element in pattern.elements { node = child(of: node, element) }
        guard !drafts[node].targets.contains(where: { Int($0.datapoint) == datapoint }) else { return }
        let target = PatternTrie.Target(
            datapoint: Int32(datapoint),
            alternative: Int32(alternative),
            endsInAnyChild: pattern.elements.last == .anyChild
        )
        drafts[node].targets.append(target)
    }

    private mutating func child(of node: Int, _ element: PathPattern.Element) -> Int {
        let fresh = drafts.count
        switch element {
        case .key(let key):
            if let known = drafts[node].keys.first(where: { $0.key == key }) { return known.child }
            drafts[node].keys.append((key, fresh))
        case .index(let index):
            if let known = drafts[node].indexes.first(where: { $0.index == index }) { return known.child }
            drafts[node].indexes.append((index, fresh))
        case .anyChild:
            if let known = drafts[node].anyChild { return known }
            drafts[node].anyChild = fresh
        case .anyDepth:
            if let known = drafts[node].anyDepth { return known }
            drafts[node].anyDepth = fresh
        }
        drafts.append(Draft())
        drafts[fresh].isAnyDepth = element == .anyDepth
        return fresh
    }

    func build() -> PatternTrie {
        var nodes: [PatternTrie.Node] = []
        var slots: [PatternTrie.Slot] = []
        var indexes: [PatternTrie.IndexStep] = []
        var targets: [PatternTrie.Target] = []
        var keys: [UInt8] = []
        for draft in drafts {
            var node = PatternTrie.Node()
            node.slotStart = Int32(slots.count)
            slots += Self.table(draft.keys, keys: &keys)
            node.slotCount = Int32(slots.count) - node.slotStart
            node.indexStart = Int32(indexes.count)
            indexes += draft.indexes.map { PatternTrie.IndexStep(index: Int32($0.index), child: Int32($0.child)) }
            node.indexEnd = Int32(indexes.count)
            node.targetStart = Int32(targets.count)
            targets += draft.targets
            node.targetEnd = Int32(targets.count)
            node.anyChild = Int32(draft.anyChild ?? -1)
            node.anyDepth = Int32(draft.anyDepth ?? -1)
            node.isAnyDepth = draft.isAnyDepth
            nodes.append(node)
        }
        return PatternTrie(nodes: nodes, slots: slots, indexes: indexes, targets: targets, keys: keys)
    }

    /// A hash table with linear probing, at most half full.
    private static func table(_ entries: [(key: String, child: Int)], keys: inout [UInt8]) -> [PatternTrie.Slot] {
        guard !entries.isEmpty else { return [] }
        var size = 2
        while size < entries.count * 2 { size *= 2 }
        var table = [PatternTrie.Slot](repeating: PatternTrie.Slot(), count: size)
        for entry in entries {
            let bytes = Array(entry.key.utf8)
            let hash = bytes.withUnsafeBytes { keyHash($0) }
            var place = Int(truncatingIfNeeded: hash >> 32) & (size - 1)
            while table[place].child >= 0 { place = (place + 1) & (size - 1) }
            table[place] = PatternTrie.Slot(
                hash: hash,
                keyStart: Int32(keys.count),
                keyCount: Int32(bytes.count),
                child: Int32(entry.child)
            )
            keys += bytes
        }
        return table
    }
}
