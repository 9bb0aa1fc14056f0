/// All patterns of a plan as one tree of steps: common beginnings are walked once.
///
/// The tree lies in flat tables of plain values behind pointers, because walking it is the inner loop of mapping: no reference is
/// counted and no bounds are checked there. Node 0 is the root, before any step.
final class PatternTrie {
    /// A state of the walk: the steps up to here have matched.
    struct Node {
        /// Where the node's hash table of keys begins in `slots`; its size is a power of two, or 0.
        var slotStart: Int32 = 0
        var slotCount: Int32 = 0
        var indexStart: Int32 = 0
        var indexEnd: Int32 = 0
        var targetStart: Int32 = 0
        var targetEnd: Int32 = 0
        /// The node after `*`, or -1.
        var anyChild: Int32 = -1
        /// The node after `**`, or -1. It is entered without a step, together with this node.
        var anyDepth: Int32 = -1
        /// Whether this is the node after a `**`, which stays active however deep the walk goes.
        var isAnyDepth = false

        /// Whether any step leads on, so that a container has to be looked into.
        var leadsOn: Bool { slotCount > 0 || indexEnd > indexStart || anyChild >= 0 || isAnyDepth }
        /// Whether a pattern is complete here.
        var hasTargets: Bool { targetEnd > targetStart }
        /// Whether every member of an object goes on from here.
        var isWild: Bool { anyChild >= 0 || isAnyDepth }
    }

    /// An entry of a node's hash table; free if `child` is -1.
    struct Slot {
        var hash: UInt64 = 0
        var keyStart: Int32 = 0
        var keyCount: Int32 = 0
        var child: Int32 = -1
    }

    struct IndexStep {
        var index: Int32
        var child: Int32
    }

    /// What a match of a complete pattern is for.
    struct Target {
        /// In place of a datapoint's index: the pattern finds objects.
        static let object = -1

        var datapoint: Int32
        /// The pattern's place in the fall-back order.
        var alternative: Int32
        /// Whether the pattern's last step is `*`.
        var endsInAnyChild: Bool
    }

    let nodes: UnsafeMutableBufferPointer<Node>
    let slots: UnsafeMutableBufferPointer<Slot>
    let indexes: UnsafeMutableBufferPointer<IndexStep>
    let targets: UnsafeMutableBufferPointer<Target>
    let keys: UnsafeMutableBufferPointer<UInt8>
    /// Whether there is a `**`, the only way for two paths through the tree to meet in a node.
    let hasAnyDepth: Bool

    init(nodes: [Node], slots: [Slot], indexes: [IndexStep], targets: [Target], keys: [UInt8]) {
        self.nodes = Self.copy(nodes)
        self.slots = Self.copy(slots)
        self.indexes = Self.copy(indexes)
        self.targets = Self.copy(targets)
        self.keys = Self.copy(keys)
        hasAnyDepth = nodes.contains { $0.isAnyDepth }
    }

    deinit {
        nodes.deallocate()
        slots.deallocate()
        indexes.deallocate()
        targets.deallocate()
        keys.deallocate()
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = buffer.initialize(from: elements)
        return buffer
    }

    /// The node after the step to this key, or -1.
    @inline(__always)
    func child(of node: Node, key: UnsafeRawBufferPointer, hash: UInt64) -> Int32 {
        let mask = node.slotCount - 1
        var place = Int32(truncatingIfNeeded: hash >> 32) & mask
        // A table is at most half full, so there is a free slot to stop at.
        while true {
            let slot = slots[Int(node.slotStart + place)]
            if slot.child < 0 { return -1 }
            if slot.hash == hash, Int(slot.keyCount) == key.count, equal(slot, key) { return slot.child }
            place = (place + 1) & mask
        }
    }

    private func equal(_ slot: Slot, _ key: UnsafeRawBufferPointer) -> Bool {
        let start = Int(slot.keyStart)
        for offset in 0..<key.count where keys[start + offset] != key[offset] { return false }
        return true
    }
}

// Sendable without the compiler's proof: the tables are written in `init` only and read from then on.
extension PatternTrie: @unchecked Sendable {}
