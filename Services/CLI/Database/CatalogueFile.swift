import Catalogue

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads catalogue files, with the file's name in front of every fault.
enum CatalogueFile {
    /// The text of a file.
    static func read(_ path: String, shownAs name: String) throws(CommandError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path, shownAs: name)
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandError("\(name) is not UTF-8 text", remedy: "Save it as UTF-8")
        }
        return text
    }

    /// What a text declares.
    ///
    /// - Parameter activityIDs: by the key of the organization, the key of each activity by its id, as far as they are known.
    static func definition(
        _ text: String, shownAs name: String, overrides: [CatalogueOverride],
        activityIDs: [String: [String: String]] = [:]
    ) throws(CommandError) -> CatalogueDefinition {
        do {
            return try CatalogueDefinition(parsing: text, overrides: overrides, activityIDs: activityIDs)
        } catch {
            let lines = error.description(file: name).split(separator: "\n").map(String.init)
            throw CommandError(
                "\(name) has \(error.problems.count == 1 ? "a fault" : "\(error.problems.count) faults"); nothing was applied",
                details: lines, remedy: "docs/catalogue.md describes the file")
        }
    }
}
