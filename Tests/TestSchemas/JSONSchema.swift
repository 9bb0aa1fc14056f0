import Foundation
import JSON

/// A JSON Schema (draft 2020-12), as far as the schemas of this repository use it.
///
/// A keyword that this does not know is an error, so that no rule of a schema passes unread.
public struct JSONSchema {
    private static let annotations: Set = ["$schema", "$id", "title", "description"]

    private let rules: [(keyword: String, argument: JSONValue)]

    /// Reads a schema.
    /// - Throws: ``JSONSchemaError`` when it uses something that is not known here.
    public init(_ schema: JSONValue) throws {
        guard let object = schema.objectValue else { throw JSONSchemaError("a schema is an object, not \(schema)") }
        rules = object.keys.filter { !Self.annotations.contains($0) }.map { ($0, object[$0] ?? .null) }
        // Reading is checking: whatever the schema says about parts is read here and not when such a part comes.
        for (keyword, argument) in rules { _ = try Self.violations(of: .null, at: "$", keyword, argument, in: self) }
        for part in try parts { _ = try JSONSchema(part) }
    }

    /// The schemas in `Libraries/Contracts/Schemas`, by the names of their files without `.json`.
    public static func all() throws -> [String: JSONSchema] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Libraries/Contracts/Schemas")
        var schemas: [String: JSONSchema] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) where name.hasSuffix(".json") {
            let text = try Data(contentsOf: directory.appending(path: name))
            schemas[String(name.dropLast(5))] = try JSONSchema(JSONValue(parsing: Array(text)))
        }
        return schemas
    }

    /// The rules that a value breaks, each with the place and the keyword; empty when it is valid.
    public func violations(of value: JSONValue, at path: String = "$") throws -> [String] {
        try rules.flatMap { try Self.violations(of: value, at: path, $0.keyword, $0.argument, in: self) }
    }

    private var parts: [JSONValue] {
        get throws {
            let properties =
                self["properties"]?.objectValue.map { object in object.keys.compactMap { object[$0] } } ?? []
            return properties + [self["items"]].compactMap(\.self)
        }
    }

    private subscript(_ keyword: String) -> JSONValue? { rules.first { $0.keyword == keyword }?.argument }

    private static func violations(
        of value: JSONValue, at path: String, _ keyword: String, _ argument: JSONValue, in schema: JSONSchema
    ) throws -> [String] {
        switch keyword {
        case "type": return isOfType(value, try text(argument, keyword)) ? [] : ["\(path): type"]
        case "required":
            guard let object = value.objectValue else { return [] }
            return try list(argument, keyword).compactMap { key in
                object[try text(key, keyword)] == nil ? "\(path): required \(key)" : nil
            }
        case "properties":
            guard let members = argument.objectValue else { throw JSONSchemaError("properties must be an object") }
            return try members.keys.flatMap { key -> [String] in
                guard let member = value.objectValue?[key], let part = members[key] else { return [] }
                return try JSONSchema(part).violations(of: member, at: "\(path).\(key)")
            }
        case "additionalProperties":
            guard argument == false else { throw JSONSchemaError("additionalProperties other than false") }
            let known = Set(schema["properties"]?.objectValue?.keys.map(\.self) ?? [])
            return (value.objectValue?.keys.map(\.self) ?? []).filter { !known.contains($0) }.map { "\(path): \($0)" }
        case "items":
            let part = try JSONSchema(argument)
            return try (value.arrayValue ?? []).enumerated().flatMap { index, element in
                try part.violations(of: element, at: "\(path)[\(index)]")
            }
        default: return try boundIsKept(value, keyword, argument) ? [] : ["\(path): \(keyword)"]
        }
    }

    private static func boundIsKept(_ value: JSONValue, _ keyword: String, _ argument: JSONValue) throws -> Bool {
        // Of a string code points count (section 6.3 of the validation specification), not bytes and not what a reader sees as one.
        let length = value.stringValue?.unicodeScalars.count
        let count = value.arrayValue?.count
        switch keyword {
        case "minLength": return try length.map { $0 >= (try number(argument, keyword)) } ?? true
        case "maxLength": return try length.map { $0 <= (try number(argument, keyword)) } ?? true
        case "minItems": return try count.map { $0 >= (try number(argument, keyword)) } ?? true
        case "maxItems": return try count.map { $0 <= (try number(argument, keyword)) } ?? true
        case "uniqueItems":
            // By their bytes: Swift holds two spellings of one character for equal, JSON does not.
            guard argument == true, let elements = value.arrayValue else { return true }
            return Set(elements.map { $0.encoded() }).count == elements.count
        case "pattern":
            let pattern = try Regex(inECMAScript(try text(argument, keyword))).matchingSemantics(.unicodeScalar)
            return value.stringValue.map { $0.contains(pattern) } ?? true
        default: throw JSONSchemaError("the keyword \(keyword) is not known here; add it")
        }
    }

    /// Patterns are ECMA-262's, whose `\s` is not Swift's: it has U+FEFF and lacks U+0085.
    private static func inECMAScript(_ pattern: String) -> String {
        pattern.replacing(
            #"\s"#, with: #"\u0009-\u000D \u00A0\u1680\u2000\u2001\u2002-\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF"#)
    }

    private static func isOfType(_ value: JSONValue, _ type: String) -> Bool {
        switch value {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .number(let number): type == "number" || type == "integer" && number.intValue != nil
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    private static func text(_ value: JSONValue, _ keyword: String) throws -> String {
        guard let text = value.stringValue else { throw JSONSchemaError("\(keyword) must be a string") }
        return text
    }

    private static func number(_ value: JSONValue, _ keyword: String) throws -> Int {
        guard let number = value.intValue else { throw JSONSchemaError("\(keyword) must be an integer") }
        return number
    }

    private static func list(_ value: JSONValue, _ keyword: String) throws -> [JSONValue] {
        guard let list = value.arrayValue else { throw JSONSchemaError("\(keyword) must be an array") }
        return list
    }
}

/// Why a schema cannot be read.
public struct JSONSchemaError: Error, CustomStringConvertible {
    /// What is wrong with it.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
