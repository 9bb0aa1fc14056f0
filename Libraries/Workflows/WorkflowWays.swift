/// Which step leads to which, over any number of steps.
struct WorkflowWays {
    private let next: [String: [String]]

    /// - Parameter edges: from a step to its destination; those to itself are passed over, they have a rule of their own.
    init(_ edges: [(from: String, to: String)]) {
        next = Dictionary(grouping: edges.filter { $0.from != $0.to }, by: \.from).mapValues { $0.map(\.to).sorted() }
    }

    /// Whether a way leads from one step to another.
    func lead(from start: String, to end: String) -> Bool { way(from: start, to: end) != nil }

    /// The shortest way from a step back to itself, which it begins and ends with.
    func circle(through key: String) -> [String]? { way(from: key, to: key) }

    /// Breadth first: the first way found is the shortest.
    private func way(from start: String, to end: String) -> [String]? {
        var cameFrom: [String: String] = [:]
        var queue = [start]
        var index = 0
        while index < queue.count {
            let step = queue[index]
            index += 1
            for following in next[step] ?? [] where cameFrom[following] == nil {
                cameFrom[following] = step
                guard following != end else { return Self.trace(from: start, to: end, cameFrom) }
                queue.append(following)
            }
        }
        return nil
    }

    private static func trace(from start: String, to end: String, _ cameFrom: [String: String]) -> [String] {
        var way = [end]
        var step = end
        repeat {
            guard let before = cameFrom[step] else { break }
            way.append(before)
            step = before
        } while step != start
        return way.reversed()
    }
}
