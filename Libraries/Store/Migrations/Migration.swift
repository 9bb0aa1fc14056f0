#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One step of the schema, forward and back, from a file `NNNN_verb_object.sql`.
///
/// The file holds two parts, begun by the lines `-- migrate:up` and `-- migrate:down`. Each runs in one transaction
/// unless its line goes on with `no-transaction` (for CREATE INDEX CONCURRENTLY and the like).
public struct Migration: Sendable {
    /// One direction of a migration.
    public struct Script: Sendable {
        /// The SQL of the part.
        public let sql: String
        /// Whether it runs in a transaction together with its entry in `schema_migration`.
        public let isTransactional: Bool
    }

    /// The number in the file's name.
    public let version: Int32
    /// The file's name without its ending.
    public let name: String
    /// The whole text, whose SHA-256 is kept so that a later edit is noticed.
    public let text: String
    /// The way forward.
    public let up: Script
    /// The way back.
    public let down: Script

    /// Reads one file.
    ///
    /// - Throws: ``MigrationError`` that names the file and what is wrong with it.
    public init(fileName: String, text: String) throws(MigrationError) {
        let stem = fileName.hasSuffix(".sql") ? String(fileName.dropLast(4)) : fileName
        guard let version = Int32(stem.prefix(4)), stem.dropFirst(4).first == "_" else {
            throw MigrationError("\(fileName): the name must be like 0007_create_policies.sql")
        }
        var parts: [String: Script] = [:]
        var current: (direction: String, isTransactional: Bool, lines: [Substring])?
        func close() {
            guard let part = current else { return }
            parts[part.direction] = Script(
                sql: part.lines.joined(separator: "\n"), isTransactional: part.isTransactional)
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("-- migrate:") {
                close()
                let words = line.dropFirst("-- migrate:".count).split(separator: " ")
                current = (String(words.first ?? ""), !words.contains("no-transaction"), [])
            } else {
                current?.lines.append(line)
            }
        }
        close()
        guard let up = parts["up"], let down = parts["down"] else {
            throw MigrationError("\(fileName): it needs the lines '-- migrate:up' and '-- migrate:down'")
        }
        self.version = version
        self.name = stem
        self.text = text
        self.up = up
        self.down = down
    }

    /// Reads all migrations of a directory, in order.
    ///
    /// - Throws: ``MigrationError`` when a file cannot be read, or when numbers are doubled or left out.
    public static func load(from directory: String) throws -> [Migration] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasSuffix(".sql") }.sorted()
        } catch {
            throw MigrationError("cannot read the directory of migrations \(directory): \(error)")
        }
        let migrations = try names.map { name in
            let path = directory + "/" + name
            return try Migration(fileName: name, text: String(contentsOfFile: path, encoding: .utf8))
        }
        for (index, migration) in migrations.enumerated() where migration.version != Int32(index + 1) {
            throw MigrationError("\(migration.name): expected number \(index + 1); numbers go up by one from 0001")
        }
        return migrations
    }
}

/// Why the schema could not be brought to where it should be.
public struct MigrationError: Error, CustomStringConvertible, Sendable {
    /// What, where, and what to do.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
