/// A picture that is drawn over and over on a terminal, on a screen of its own: what stood there before is back when it ends.
///
/// Uses what all terminals of today understand: xterm's alternate screen, and cursor and erasing of ECMA-48.
struct LiveScreen {
    private static let enterAlternateScreen = "\u{1B}[?1049h"
    private static let leaveAlternateScreen = "\u{1B}[?1049l"
    private static let hideCursor = "\u{1B}[?25l"
    private static let showCursor = "\u{1B}[?25h"
    /// A line that is too long is cut, not continued on the next (DECAWM).
    private static let cutLines = "\u{1B}[?7l"
    private static let wrapLines = "\u{1B}[?7h"
    private static let home = "\u{1B}[H"
    private static let eraseRestOfLine = "\u{1B}[K"
    private static let eraseBelow = "\u{1B}[J"

    let console: Console

    /// Begins.
    func enter() {
        write(Self.enterAlternateScreen + Self.hideCursor + Self.cutLines)
    }

    /// Ends. Whoever enters leaves, however that comes.
    func leave() {
        write(Self.wrapLines + Self.showCursor + Self.leaveAlternateScreen)
    }

    /// Draws lines over those before, in one piece, so that nothing flickers. Those for which there is no room are left out, and it says so.
    func draw(_ lines: [String], in size: TerminalSize) {
        var lines = lines
        if lines.count > size.rows {
            let rows = max(size.rows - 1, 0)
            lines = lines.prefix(rows) + ["… and \(lines.count - rows) more lines; make the terminal higher"]
        }
        // No line end after the last one, or the screen would scroll.
        let text = lines.map { $0 + Self.eraseRestOfLine }.joined(separator: "\r\n")
        write(Self.home + text + Self.eraseBelow)
    }

    private func write(_ text: String) {
        console.write(Array(text.utf8))
    }
}
