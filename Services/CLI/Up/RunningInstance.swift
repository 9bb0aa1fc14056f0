import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a running `weir up` tells other `weir` commands of the same clone, in `up.json`.
struct RunningInstance: Codable, Sendable, Equatable {
    /// The process that supervises all others.
    var processID: Int32
    /// Intake's address, e.g. `http://127.0.0.1:20480`.
    var url: String
    /// The broker's address for services and commands (`WEIR_BUS_ENDPOINTS`).
    var busEndpoints: String
    /// The broker's feed for observers (`WEIR_BUS_EVENTS`).
    var busEvents: String
    /// The database as its owner.
    var databaseURL: String
    /// The file that holds the key of the demo organization.
    var apiKeyPath: String
    /// The file each service logs to.
    var logPaths: [String: String]
    /// The base address of each service's health server.
    var healthURLs: [String: String]

    /// The instance that runs with its state in `directory`, or nil when none does.
    static func find(_ directory: StateDirectory) -> RunningInstance? {
        FileLock.isHeld(path: directory.lockPath) ? read(directory) : nil
    }

    /// What stands in `up.json`, whether or not the instance still runs.
    static func read(_ directory: StateDirectory) -> RunningInstance? {
        guard let data = FileManager.default.contents(atPath: directory.instancePath) else { return nil }
        return try? JSONDecoder().decode(RunningInstance.self, from: data)
    }

    /// Writes `up.json` (mode 0600) in one step.
    func write(_ directory: StateDirectory) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let temporaryPath = directory.instancePath + ".new"
        guard
            FileManager.default.createFile(
                atPath: temporaryPath, contents: try encoder.encode(self), attributes: [.posixPermissions: 0o600]),
            rename(temporaryPath, directory.instancePath) == 0
        else {
            throw UpError(
                "Cannot write \(directory.instancePath)",
                remedy: "Check the directory's permissions and the room on its disk")
        }
    }

    /// Removes `up.json`; that it is gone already is no error.
    static func erase(_ directory: StateDirectory) {
        unlink(directory.instancePath)
    }
}
