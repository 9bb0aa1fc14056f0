import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The directory in which the demo's receiver keeps each body whose signature it verified.
struct WebhookInbox: Sendable {
    let path: String

    /// The webhook about a request: its id and body; nil while it has not come.
    func message(about request: String) throws -> (id: String, body: JSONValue)? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where name.hasSuffix(".json") {
            guard let data = FileManager.default.contents(atPath: "\(path)/\(name)") else { continue }
            let body = try JSONValue(parsing: [UInt8](data))
            if body["data"]?["request"]?.stringValue == request { return (String(name.dropLast(5)), body) }
        }
        return nil
    }
}
