import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The two-letter codes of ISO 3166, from Debian's iso-codes.
enum CountryCodes {
    static let file = "/usr/share/iso-codes/json/iso_3166-1.json"

    static func read(_ path: String = file) throws(CommandError) -> [String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandError("\(path) is not there", remedy: "Install Debian's iso-codes (scripts/setup does)")
        }
        let codes =
            (try? JSONValue(parsing: [UInt8](data)))?["3166-1"]?.arrayValue?.compactMap { $0["alpha_2"]?.stringValue }
            ?? []
        guard !codes.isEmpty else {
            throw CommandError("\(path) holds no countries", remedy: "Install Debian's iso-codes anew")
        }
        return codes
    }
}
