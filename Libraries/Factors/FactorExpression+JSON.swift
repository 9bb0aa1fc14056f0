public import JSON

extension FactorExpression {
    /// Reads `"large"`, `["large", "german"]` (all of them), `{"any": ["large", {"all": [...]}]}`.
    ///
    /// - Throws: ``FactorError`` with the place.
    public init(_ json: JSONValue) throws(FactorError) {
        var count = 0
        self = try Self.read(json, at: "", depth: 1, count: &count)
        // A lone factor is a list of one, so that equal conditions have equal JSON.
        if case .factor = self { self = .all([self]) }
    }

    private static func read(
        _ json: JSONValue, at path: String, depth: Int, count: inout Int
    ) throws(FactorError) -> FactorExpression {
        guard depth <= depthMax else {
            throw FactorError(path: path, reason: "factors are nested more than \(depthMax) levels deep")
        }
        switch json {
        case .string(let key):
            count += 1
            guard count <= factorsMax else {
                throw FactorError(path: path, reason: "there are more than \(factorsMax) factors")
            }
            return .factor(key)
        case .array: return .all(try parts(json, at: path, depth: depth, count: &count))
        case .object(let object):
            guard object.count == 1, let member = object.first, member.key == "all" || member.key == "any" else {
                throw FactorError(path: path, reason: "factors are combined by one key, all or any")
            }
            let place = path.isEmpty ? member.key : "\(path).\(member.key)"
            let parts = try parts(member.value, at: place, depth: depth, count: &count)
            return member.key == "all" ? .all(parts) : .any(parts)
        default: throw FactorError(path: path, reason: "the key of a factor is needed, not \(json.kindName)")
        }
    }

    private static func parts(
        _ json: JSONValue, at path: String, depth: Int, count: inout Int
    ) throws(FactorError) -> [FactorExpression] {
        guard case .array(let elements) = json, !elements.isEmpty else {
            throw FactorError(path: path, reason: "a list of at least one factor is needed")
        }
        var parts: [FactorExpression] = []
        for (index, element) in elements.enumerated() {
            parts.append(try read(element, at: "\(path)[\(index)]", depth: depth + 1, count: &count))
        }
        return parts
    }

    /// The expression as `{"all": [...]}` or `{"any": [...]}` with the keys of factors inside.
    public var json: JSONValue {
        switch self {
        case .factor(let key): .string(key)
        case .all(let parts): ["all": .array(parts.map(\.json))]
        case .any(let parts): ["any": .array(parts.map(\.json))]
        }
    }
}
