import Foundation
import Synchronization

/// A terminal that no person sits at: what a program writes to it is remembered, and its size can be changed.
final class PseudoTerminal: Sendable {
    /// The path of the side that a program writes to.
    let path: String
    // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), whose macros Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let master: Int32
    private let slave: Int32
    private let written = Mutex<[UInt8]>([])
    private let threads = DispatchGroup()

    init(columns: UInt16, rows: UInt16) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (isLocked, number) = (Int32(0), UInt32(0))
        guard master >= 0, ioctl(master, Self.setLock, &isLocked) == 0, ioctl(master, Self.getNumber, &number) == 0
        else { throw HarnessError("there is no pseudo-terminal: errno \(errno)") }
        path = "/dev/pts/\(number)"
        // Held open, so that reading does not end before the program has begun.
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        resize(columns: columns, rows: rows)
        threads.enter()
        let thread = Thread {
            self.read()
            self.threads.leave()
        }
        thread.start()
    }

    /// All that was written, commands to the terminal included.
    var text: String { written.withLock { String(decoding: $0, as: UTF8.self) } }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Ends it once its program has ended; waits until all is read.
    func close() async {
        Foundation.close(slave)
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
        Foundation.close(master)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Foundation.read(master, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            // Nobody has the other side open any more: EIO.
            guard count > 0 else { return }
            written.withLock { $0 += buffer[..<count] }
        }
    }
}
