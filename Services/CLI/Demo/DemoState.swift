import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a demo keeps its state: a directory of its own below the clone's, gone at the end unless it is to be kept.
struct DemoState: Sendable {
    let directory: StateDirectory
    private let parent: String

    init(parent: StateDirectory, isKept: Bool) {
        self.parent = parent.path
        directory = StateDirectory(path: "\(parent.path)/demo\(isKept ? "" : "-\(getpid())")")
    }

    /// Removes what demos left behind that were killed: their lock is there, and nobody holds it.
    func removeAbandoned() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix("demo-") {
            let abandoned = StateDirectory(path: "\(parent)/\(name)")
            guard access(abandoned.lockPath, F_OK) == 0, !FileLock.isHeld(path: abandoned.lockPath) else { continue }
            try? abandoned.remove()
        }
    }

    /// Takes the parent away when nothing is in it; anything else in it keeps it there.
    func removeEmptyParent() {
        rmdir(parent)
    }
}
