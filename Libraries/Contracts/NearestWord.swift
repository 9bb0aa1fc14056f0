/// Finds the known word that a person probably meant.
public enum NearestWord {
    /// The known word that differs least, in any case, if it differs by no more than a third of its length.
    public static func find(_ word: String, among known: [String]) -> String? {
        let word = Array(word.lowercased().prefix(64))
        let ranked = known.map { (distance: distance(word, Array($0.lowercased())), word: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, best.word.count / 3) ? best.word : nil
    }

    /// The number of characters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein's distance,
    /// in the variant that changes no place twice).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
