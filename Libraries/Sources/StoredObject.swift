import JSON
import Mapping

/// An object of a stored setup that is being read. A member that is missing and one that is `null` are the same: not given.
/// Members that nobody asks for are passed over, so that a setup of a newer version can be read.
struct StoredObject {
    let object: JSONObject
    let path: JSONPathText

    init(_ value: JSONValue, at path: JSONPathText) throws(SourceSetupError) {
        guard case .object(let object) = value else {
            throw SourceSetupError(at: path.text, "an object is needed, not \(value.kindName)")
        }
        self.object = object
        self.path = path
    }

    subscript(key: String) -> JSONValue? {
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func failure(_ key: String, _ reason: String) -> SourceSetupError {
        SourceSetupError(at: path.key(key).text, reason)
    }

    /// What was read of a member that must be given.
    func required<Value>(_ key: String, _ value: Value?) throws(SourceSetupError) -> Value {
        guard let value else { throw failure(key, "it is missing") }
        return value
    }
}

extension StoredObject {
    func integer(_ key: String, in bounds: ClosedRange<Int>) throws(SourceSetupError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let integer = value.intValue else {
            throw failure(key, "a whole number is needed, not \(value.kindName)")
        }
        return try within(bounds, integer, key)
    }

    /// Seconds, as milliseconds.
    func milliseconds(_ key: String, in bounds: ClosedRange<Int>) throws(SourceSetupError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let seconds = value.doubleValue else {
            throw failure(key, "a number of seconds is needed, not \(value.kindName)")
        }
        guard seconds >= 0, seconds <= 1e12 else { throw failure(key, "\(seconds) is out of bounds") }
        return try within(bounds, Int(seconds * 1000 + 0.5), key)
    }

    func text(_ key: String, bytesMax: Int = SourceBounds.textBytes) throws(SourceSetupError) -> String? {
        guard let value = self[key] else { return nil }
        guard let text = value.stringValue else { throw failure(key, "a text is needed, not \(value.kindName)") }
        guard text.utf8.count <= bytesMax else {
            throw failure(key, "the text has \(text.utf8.count) bytes, more than \(bytesMax)")
        }
        return text
    }

    /// One of the names of an enumeration.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) throws(SourceSetupError) -> Choice? {
        guard let text = try text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw failure(key, "it must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    func list(_ key: String, count bounds: ClosedRange<Int>) throws(SourceSetupError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard let list = value.arrayValue else { throw failure(key, "a list is needed, not \(value.kindName)") }
        guard bounds.contains(list.count) else {
            throw failure(
                key, "it has \(list.count) elements; \(bounds.lowerBound) to \(bounds.upperBound) are allowed")
        }
        return list
    }

    func path(_ key: String) throws(SourceSetupError) -> PathPattern? {
        guard let value = self[key] else { return nil }
        do {
            return try PathPattern(parsing: value)
        } catch {
            throw failure(key, error.description)
        }
    }

    func object(_ key: String) throws(SourceSetupError) -> StoredObject? {
        guard let value = self[key] else { return nil }
        return try StoredObject(value, at: path.key(key))
    }

    private func within(_ bounds: ClosedRange<Int>, _ value: Int, _ key: String) throws(SourceSetupError) -> Int {
        guard bounds.contains(value) else {
            throw failure(key, "\(value) is out of bounds: \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return value
    }
}
