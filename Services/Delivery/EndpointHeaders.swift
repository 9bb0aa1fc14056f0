import JSON
import Postgres
import Runtime
import Store
import Templates

/// The headers that an endpoint's declaration adds to each of its deliveries.
struct EndpointHeaders: Sendable {
    /// Why they cannot be sent.
    struct Problem: Error {
        /// A short word for programs.
        let substate: String
        /// For people; holds no secret.
        let reason: String
    }

    /// The fields, secrets in place.
    let fields: [(name: String, value: String)]
    /// The secrets in them, and the values that hold some.
    let secretTexts: [String]

    /// What a declaration cannot set: Weir's own say what the delivery is.
    private static func isOwn(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("webhook-") || name == "content-type" || name == "traceparent"
    }

    /// Puts secrets into the declared values.
    init(_ delivery: ClaimedDelivery, secrets: SecretResolver) throws(Problem) {
        guard let declared = try? JSONValue(parsing: delivery.headers.bytes).objectValue else {
            throw Problem(substate: "invalid_header", reason: "the headers of its endpoint cannot be read")
        }
        var fields: [(name: String, value: String)] = []
        var texts: [String] = []
        for member in declared where !Self.isOwn(member.key) {
            guard let text = member.value.stringValue else {
                throw Problem(substate: "invalid_header", reason: "the header \(member.key) of its endpoint is no text")
            }
            var problem: (any Error)?
            var found: [String] = []
            let (value, isResolved) = PlaceholderText(text).render { variable in
                guard variable.hasPrefix(TemplateVariable.secretPrefix) else { return nil }
                do {
                    let secret = try secrets.resolve(String(variable.dropFirst(TemplateVariable.secretPrefix.count)))
                    found.append(secret)
                    return .string(secret)
                } catch {
                    problem = error
                    return nil
                }
            }
            if let problem {
                throw Problem(substate: "secret_missing", reason: "its header \(member.key) cannot be made: \(problem)")
            }
            guard isResolved else {
                throw Problem(
                    substate: "invalid_header",
                    reason: "the header \(member.key) of its endpoint names a variable that is no secret")
            }
            // What comes back may hold the whole value as well as the secret in it.
            if !found.isEmpty { texts += found + [value] }
            fields.append((member.key, value))
        }
        self.fields = fields
        secretTexts = texts
    }
}
