import Testing

@testable import CLI

@Suite("A picture on a terminal of its own")
struct LiveScreenTests {
    @Test func itBeginsAndEndsWithWhatStoodThere() {
        let terminal = Terminal()
        let screen = LiveScreen(console: terminal.console)
        screen.enter()
        screen.draw(["one", "two"], in: TerminalSize(columns: 20, rows: 5))
        screen.leave()
        #expect(
            terminal.output == "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
                + "\u{1B}[Hone\u{1B}[K\r\ntwo\u{1B}[K\u{1B}[J"
                + "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    }

    @Test func whatHasNoRoomIsLeftOutAndItSaysSo() {
        let terminal = Terminal()
        LiveScreen(console: terminal.console).draw(
            ["one", "two", "three", "four"], in: TerminalSize(columns: 80, rows: 3))
        #expect(terminal.output.contains("two") && !terminal.output.contains("three"))
        #expect(terminal.output.contains("… and 2 more lines"))
        // Three lines have two ends: one more would scroll the first away.
        #expect(terminal.output.split(separator: "\r\n").count == 3)
    }
}
