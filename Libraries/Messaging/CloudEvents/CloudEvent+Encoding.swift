extension CloudEvent {
    /// The event as one JSON object in UTF-8. Extensions follow in the order of their names.
    public func encoded() -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(256 + data.count)
        json.append(contentsOf: #"{"specversion":"1.0""#.utf8)
        Self.append("id", id, to: &json)
        Self.append("source", source, to: &json)
        Self.append("type", type, to: &json)
        if let time { Self.append("time", time, to: &json) }
        if let subject { Self.append("subject", subject, to: &json) }
        if let orgID { Self.append("orgid", orgID, to: &json) }
        if let traceparent { Self.append("traceparent", traceparent, to: &json) }
        if !data.isEmpty { json.append(contentsOf: #","datacontenttype":"application/json""#.utf8) }
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) {
            Self.append(name: name, to: &json)
            json.append(contentsOf: value)
        }
        if !data.isEmpty {
            Self.append(name: "data", to: &json)
            json.append(contentsOf: data)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func append(_ name: String, _ value: String, to json: inout [UInt8]) {
        append(name: name, to: &json)
        append(quoted: value, to: &json)
    }

    private static func append(name: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: ","))
        append(quoted: name, to: &json)
        json.append(UInt8(ascii: ":"))
    }

    private static func append(quoted text: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            if bytes.contains(where: needsEscape) {
                for byte in bytes { append(escaping: byte, to: &json) }
            } else {
                json.append(contentsOf: bytes)
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func append(escaping byte: UInt8, to json: inout [UInt8]) {
        guard needsEscape(byte) else { return json.append(byte) }
        guard byte < 0x20 else { return json.append(contentsOf: [UInt8(ascii: "\\"), byte]) }
        let digits = Array("0123456789abcdef".utf8)
        json.append(contentsOf: #"\u00"#.utf8)
        json.append(digits[Int(byte >> 4)])
        json.append(digits[Int(byte & 15)])
    }
}
