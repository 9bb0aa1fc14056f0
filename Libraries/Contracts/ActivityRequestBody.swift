public import JSON

/// What a client asks for: the body of `POST /v1/activity-requests`, the data of the command
/// `dev.weir.activity.requested.v1`, and the `content` of a row that was inserted by SQL.
public struct ActivityRequestBody: Sendable, Equatable {
    /// The bounds of a request.
    public struct Limits: Sendable {
        /// The most objects of one request.
        public var objectsMax = 100_000
        /// The longest name of an object, in bytes of UTF-8.
        public var nameBytesMax = 1_000
        /// After this many violations the rest is not reported.
        public var violationsMax = 20

        /// The documented defaults.
        public init() {}
    }

    /// The key of the activity; nil where the row names it already.
    public let activity: String?
    /// The names of the objects, in the client's order, each once; nil when the body names none.
    public let objects: [String]?
    /// What the body says besides, as it came: ``check(_:)`` tells whether the activity takes it.
    public let input: JSONObject

    /// Checks what can be told without knowing the activity.
    ///
    /// - Parameter needsActivity: false for rows, which name their activity in a column.
    /// - Throws: ``Problem`` `invalid_request` with every violation and its JSON path.
    public init(_ body: JSONValue, limits: Limits = Limits(), needsActivity: Bool = true) throws(Problem) {
        var check = RequestCheck(subject: "activity", limits: limits)
        guard case .object(let object) = body else {
            throw Problem.invalidRequest([
                .init(
                    path: "$",
                    message: "must be an object with \"activity\", \"objects\" and \"input\", not \(body.kindName)")
            ])
        }
        check.keys(of: object)
        activity = check.name(object["activity"], isNeeded: needsActivity)
        objects = object["objects"].map { check.objects($0) }
        input = check.input(object["input"])
        if !check.violations.isEmpty { throw Problem.invalidRequest(check.violations) }
    }
}

extension Problem {
    /// The request's body does not say what it has to.
    public static func invalidRequest(_ violations: [Violation]) -> Problem {
        let first = violations.first.map { "\($0.path): \($0.message)" } ?? ""
        let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
        return Problem(
            code: "invalid_request", status: 422, title: "The request is not valid", detail: first + more,
            violations: violations)
    }
}

/// Reads the fields of a body and gathers violations up to a bound.
struct RequestCheck {
    /// What is asked for: `activity` or `workflow`, the name of the field that says which.
    let subject: String
    let limits: ActivityRequestBody.Limits
    private(set) var violations: [Problem.Violation] = []

    init(subject: String, limits: ActivityRequestBody.Limits) {
        self.subject = subject
        self.limits = limits
    }

    mutating func keys(of object: JSONObject) {
        for key in object.keys where ![subject, "objects", "input"].contains(key) {
            report(
                JSONPathText().key(key).text,
                "there is no such field; known are \"\(subject)\", \"objects\" and \"input\"")
        }
    }

    mutating func name(_ value: JSONValue?, isNeeded: Bool = true) -> String? {
        let path = JSONPathText().key(subject).text
        switch value {
        case .string(let key)? where key.utf8.contains(0): report(path, "contains the character U+0000")
        case .string(let key)? where !key.isEmpty: return key
        case .string?: report(path, "must name \(subject == "activity" ? "an" : "a") \(subject), not be empty")
        case nil: if isNeeded { report(path, "is missing; name the \(subject) to run") }
        case let other?: report(path, "must be a string, not \(other.kindName)")
        }
        return nil
    }

    mutating func input(_ value: JSONValue?) -> JSONObject {
        switch value {
        case .object(let object)?: return object
        case nil: return [:]
        case let other?:
            report("$.input", "must be an object with the fields that the \(subject) takes, not \(other.kindName)")
            return [:]
        }
    }

    mutating func objects(_ value: JSONValue) -> [String] {
        guard case .array(let elements) = value else {
            report("$.objects", "must be an array of names, not \(value.kindName)")
            return []
        }
        if elements.isEmpty { report("$.objects", "is empty; name at least one object") }
        if elements.count > limits.objectsMax {
            report(
                "$.objects",
                "names \(elements.count) objects, more than the maximum of \(limits.objectsMax); split the request")
            return []
        }
        return names(elements)
    }

    private mutating func names(_ elements: [JSONValue]) -> [String] {
        var names: [String] = []
        var places: [ExactName: Int] = [:]
        names.reserveCapacity(elements.count)
        places.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .string(let name) = element else {
                report("$.objects[\(index)]", "must be a name, a string, not \(element.kindName)")
                continue
            }
            if let fault = fault(of: name) {
                report("$.objects[\(index)]", fault)
            } else if let first = places.updateValue(index, forKey: ExactName(name: name)) {
                places[ExactName(name: name)] = first
                report("$.objects[\(index)]", "is the same name as $.objects[\(first)]; name each object once")
            } else {
                names.append(name)
            }
            if violations.count >= limits.violationsMax { break }
        }
        return names
    }

    private func fault(of name: String) -> String? {
        if name.utf8.contains(0) { return "contains the character U+0000, which a name cannot have" }
        if name.allSatisfy(\.isWhitespace) { return "is empty; a name has at least one visible character" }
        let bytes = name.utf8.count
        if bytes > limits.nameBytesMax {
            return "has \(bytes) bytes, more than the maximum of \(limits.nameBytesMax)"
        }
        return nil
    }

    private mutating func report(_ path: String, _ message: String) {
        if violations.count < limits.violationsMax { violations.append(.init(path: path, message: message)) }
    }
}

/// A name as the database and JSON tell names apart: by its bytes. Swift's own equality takes "é" and "e" with an accent for the same.
private struct ExactName: Hashable {
    let name: String

    static func == (left: ExactName, right: ExactName) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }

    func hash(into hasher: inout Hasher) {
        var name = name
        name.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
