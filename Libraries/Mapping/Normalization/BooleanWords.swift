import JSON

/// Words that mean true or false, in capitals or small letters: `true`, `yes`, `y`, `on`, `1` and `false`, `no`, `n`, `off`, `0`, and those
/// that are declared, which come first.
public struct BooleanWords: Sendable, Hashable {
    private let declared: [Bool: [String]]
    private let meanings: [String: Bool]

    /// The most words that may be declared.
    public static let wordsMax = 64

    /// No words but those of everybody.
    public static let standard = BooleanWords(declared: [:])

    /// Words besides those of everybody.
    ///
    /// - Throws: ``NormalizationError`` if they are too many, or one has no meaning or two.
    public init(true trueWords: [String], false falseWords: [String]) throws(NormalizationError) {
        guard trueWords.count + falseWords.count <= Self.wordsMax else {
            throw NormalizationError(reason: "there are at most \(Self.wordsMax) words")
        }
        guard !trueWords.isEmpty || !falseWords.isEmpty else {
            throw NormalizationError(reason: "there are no words for true and none for false")
        }
        let both = Set(trueWords.map(Self.key)).intersection(falseWords.map(Self.key))
        if let word = both.sorted().first {
            throw NormalizationError(reason: "'\(word)' cannot mean both true and false")
        }
        guard (trueWords + falseWords).allSatisfy({ !Self.key($0).isEmpty }) else {
            throw NormalizationError(reason: "a word has at least one letter")
        }
        self.init(declared: [true: trueWords, false: falseWords].filter { !$0.value.isEmpty })
    }

    private init(declared: [Bool: [String]]) {
        self.declared = declared
        var meanings: [String: Bool] = [
            "true": true, "yes": true, "y": true, "on": true, "1": true,
            "false": false, "no": false, "n": false, "off": false, "0": false,
        ]
        for (meaning, words) in declared {
            for word in words { meanings[Self.key(word)] = meaning }
        }
        self.meanings = meanings
    }

    func meaning(of text: String) -> Bool? { meanings[Self.key(text)] }

    private static func key(_ text: String) -> String { text.trimmingWhitespace().lowercased() }

    /// The JSON form; see ``Normalization``.
    var json: JSONValue {
        if declared.isEmpty { return "words" }
        var object = JSONObject()
        for meaning in [true, false] {
            if let words = declared[meaning] { object["\(meaning)"] = .array(words.map { .string($0) }) }
        }
        return .object(object)
    }
}
