import JSON
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Makes the CloudEvents that a publish sends.
struct EventSource {
    let type: String
    /// What the event is about: the key of a hint; nil for commands, whose data say it.
    let subject: String?
    /// The event's data as JSON text; empty if there are none.
    let data: [UInt8]
    /// The key of the organization, for commands; it travels as the extension `apikey` and is never shown on the feed.
    let apiKey: String?
    /// What makes the events' ids; each event's own number is put behind it when there are several.
    let id: String
    let isSeveral: Bool

    /// The id of the event with a number from 0.
    func eventID(_ number: Int) -> String { isSeveral ? "\(id)-\(number)" : id }

    /// The body of the event with a number from 0.
    func body(_ number: Int) -> [UInt8] {
        var extensions: [String: [UInt8]] = [:]
        if let apiKey { extensions["apikey"] = JSONValue.string(apiKey).encoded() }
        return CloudEvent(
            id: eventID(number), source: "/weir/cli", type: type, time: Date().formatted(.iso8601),
            subject: subject, data: data, extensions: extensions
        ).encoded()
    }

    /// Data that must be JSON, from an option or a file.
    static func data(_ bytes: [UInt8], place: String) throws(CommandError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw CommandError(
                "\(place) is not JSON: \(error)",
                remedy: #"Data are JSON, such as '{"activity":"a","objects":["DE"]}'"#, status: .usage)
        }
    }
}
