import JSON

/// Takes objects' names out of JSON lines: each is a text, or an object with the member `object` or `name`.
enum NDJSONObjects {
    private static let usualMembers = ["object", "name"]

    static func parse(_ bytes: [UInt8], file: String, member: String?) throws(CommandError) -> [String] {
        var names: [String] = []
        var line = 0
        for bytes in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            guard
                bytes.contains(where: {
                    $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: "\r")
                })
            else {
                continue
            }
            names.append(try name(of: Array(bytes), place: "\(file):\(line)", member: member))
        }
        return names
    }

    private static func name(of bytes: [UInt8], place: String, member: String?) throws(CommandError) -> String {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw CommandError("\(place): this is not JSON: \(error)", remedy: "Write one JSON value per line")
        }
        if member == nil, let name = value.stringValue { return try notEmpty(name, place: place) }
        guard let object = value.objectValue else {
            throw CommandError(
                "\(place): expected a text or an object, found \(value.kindName)",
                remedy: #"Write "DE" or {"object": "DE"}"#)
        }
        let candidates = member.map { [$0] } ?? usualMembers
        guard let found = candidates.first(where: { object[$0] != nil }), let name = object[found] else {
            throw CommandError(
                "\(place): the object has no member \(candidates.joined(separator: " or "))",
                remedy: member == nil
                    ? "Name the member with --column"
                    : "Its members are \(TerminalText.safe(object.keys.joined(separator: ", ")))")
        }
        guard let text = name.stringValue else {
            throw CommandError(
                "\(place): \(found) is \(name.kindName), not a text", remedy: "Names are texts: put quotes around it")
        }
        return try notEmpty(text, place: place)
    }

    private static func notEmpty(_ name: String, place: String) throws(CommandError) -> String {
        guard !name.isEmpty else {
            throw CommandError("\(place): the name is empty", remedy: "Fill it in, or take the line out")
        }
        return name
    }
}
