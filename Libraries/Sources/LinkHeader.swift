/// The `Link` header field (RFC 8288). Pure.
public enum LinkHeader {
    /// The target of the first link whose relation is among those that it names, as it is written.
    ///
    /// - Parameter values: the values of all `Link` fields, in their order.
    public static func target(of relation: String, in values: [String]) -> String? {
        for value in values {
            var reader = Reader(value)
            while let link = reader.next() {
                // A link about something else than this answer is none of its own.
                let relations =
                    link.parameters.first { $0.name == "rel" }?.value.split(whereSeparator: \.isWhitespace) ?? []
                if relations.contains(where: { $0.lowercased() == relation }),
                    !link.parameters.contains(where: { $0.name == "anchor" })
                {
                    return link.target
                }
            }
        }
        return nil
    }

    private struct Link {
        let target: String
        var parameters: [(name: String, value: String)] = []
    }

    /// Reads one link after the other; what is malformed is passed over up to the next comma.
    private struct Reader {
        private var rest: Substring

        init(_ value: String) {
            rest = value[...]
        }

        mutating func next() -> Link? {
            while !rest.isEmpty {
                skip { $0 == "," || $0.isWhitespace }
                guard rest.first == "<" else {
                    skipToComma()
                    continue
                }
                guard let end = rest.firstIndex(of: ">") else {
                    rest = ""
                    return nil
                }
                var link = Link(target: String(rest[rest.index(after: rest.startIndex)..<end]))
                rest = rest[rest.index(after: end)...]
                while let parameter = parameter() { link.parameters.append(parameter) }
                skipToComma()
                return link
            }
            return nil
        }

        /// The next parameter; empty ones (`;;`) are passed over.
        private mutating func parameter() -> (name: String, value: String)? {
            skip(\.isWhitespace)
            guard rest.first == ";" else { return nil }
            skip { $0 == ";" || $0.isWhitespace }
            let name = rest.prefix { !"=;,".contains($0) && !$0.isWhitespace }
            rest = rest[name.endIndex...]
            skip(\.isWhitespace)
            guard rest.first == "=" else { return (name.lowercased(), "") }
            rest = rest.dropFirst()
            skip(\.isWhitespace)
            if rest.first == "\"" { return (name.lowercased(), quoted()) }
            let value = rest.prefix { !";,".contains($0) && !$0.isWhitespace }
            rest = rest[value.endIndex...]
            return (name.lowercased(), String(value))
        }

        private mutating func quoted() -> String {
            rest = rest.dropFirst()
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
            }
            return value
        }

        private mutating func skipToComma() {
            while let character = rest.first, character != "," {
                if character == "\"" { _ = quoted() } else { rest = rest.dropFirst() }
            }
        }

        private mutating func skip(_ isSkipped: (Character) -> Bool) {
            rest = rest.drop(while: isSkipped)
        }
    }
}
