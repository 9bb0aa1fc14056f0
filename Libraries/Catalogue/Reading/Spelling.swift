import Contracts

/// Says what a person probably meant.
enum Spelling {
    /// A remedy for an unknown word: "did you mean timeout?" or the whole list of known words.
    static func suggestion(for word: String, among known: [String]) -> String {
        guard !known.isEmpty else { return "there is nothing that could be named here" }
        let list = known.joined(separator: ", ")
        guard let nearest = NearestWord.find(word, among: known) else { return "known here: \(list)" }
        return "did you mean \(nearest)? Known here: \(list)"
    }
}
