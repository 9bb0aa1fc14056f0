import JSON

/// Reads members of an answer and says which one is missing or wrong.
struct AnswerReader {
    let value: JSONValue
    private let path: String

    init(_ value: JSONValue, path: String = "$") {
        self.value = value
        self.path = path
    }

    init(parsing bytes: [UInt8]) throws(CommandError) {
        do {
            self.init(try JSONValue(parsing: bytes))
        } catch {
            throw CommandError(
                "Intake's answer is not JSON: \(error)", remedy: "Check that --url or WEIR_URL names Weir's intake")
        }
    }

    func string(_ key: String) throws(CommandError) -> String {
        guard let text = value[key]?.stringValue else { throw unreadable(key, "text") }
        return text
    }

    func optionalString(_ key: String) -> String? { value[key]?.stringValue }

    func int(_ key: String) throws(CommandError) -> Int {
        guard let number = value[key]?.intValue else { throw unreadable(key, "a whole number") }
        return number
    }

    func object(_ key: String) throws(CommandError) -> AnswerReader {
        guard let member = value[key], member.objectValue != nil else { throw unreadable(key, "an object") }
        return AnswerReader(member, path: "\(path).\(key)")
    }

    /// The elements of a list; none when there is no such member.
    func list(_ key: String) -> [AnswerReader] {
        (value[key]?.arrayValue ?? []).enumerated().map {
            AnswerReader($0.element, path: "\(path).\(key)[\($0.offset)]")
        }
    }

    private func unreadable(_ key: String, _ expected: String) -> CommandError {
        CommandError(
            "Intake's answer has at \(path).\(key) \(value[key].map { "\($0.kindName)" } ?? "nothing") where \(expected) should be",
            remedy: "Use the 'weir' of the same version as the services")
    }
}
