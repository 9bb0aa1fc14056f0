/// Weights and colours of a terminal (ECMA-48, SGR); nothing at all where they are not wanted.
struct TextStyle: Sendable, Equatable {
    /// Whether text is styled.
    let isEnabled: Bool

    static let plain = TextStyle(isEnabled: false)

    func bold(_ text: String) -> String { wrap(text, "1") }
    func faint(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        isEnabled && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
