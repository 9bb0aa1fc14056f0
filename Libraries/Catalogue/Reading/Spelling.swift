import Contracts

/// Finds what a person probably meant.
public enum Spelling {
    /// A remedy for an unknown word: "did you mean timeout?" or the whole list of known words.
    static func suggestion(for word: String, among known: [String]) -> String {
        guard !known.isEmpty else { return "there is nothing that could be named here" }
        let list = known.joined(separator: ", ")
        guard let nearest = nearest(to: word, among: known) else { return "known here: \(list)" }
        return "did you mean \(nearest)? Known here: \(list)"
    }

    /// The known word that differs least, in any case, if it differs by no more than a third of its length.
    public static func nearest(to word: String, among known: [String]) -> String? {
        NearestWord.find(word, among: known)
    }
}
