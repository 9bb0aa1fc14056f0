import Mapping
import Sources

extension ResponseRule {
    /// The rules of a source in their order.
    ///
    /// - Parameter refreshes: whether there are credentials that can be fetched anew.
    static func list(reading cursor: DocumentCursor, refreshes: Bool) -> [ResponseRule] {
        guard let elements = cursor.list() else { return [] }
        guard SourceBounds.responseRules.contains(elements.count) else {
            cursor.report(
                .outOfBounds, "there are \(elements.count) rules",
                remedy: "write at most \(SourceBounds.responseRules.upperBound)")
            return []
        }
        var rules: [ResponseRule] = []
        for element in elements {
            guard let rule = ResponseRule(reading: element, refreshes: refreshes) else { continue }
            if let before = rules.first(where: { $0.covers(rule) }) {
                element.report(
                    .conflict, "this rule is never reached: \(before.scope) fits an earlier one",
                    remedy: "put the narrower rule first, or remove this one")
            }
            rules.append(rule)
        }
        return rules
    }

    private init?(reading cursor: DocumentCursor, refreshes: Bool) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["when", "action", "after", "reason"])
        let action = body.required("action", Action.allCases.map(\.rawValue).joined(separator: ", "))?
            .choice(of: Action.self)
        let when = body["when"]?.mapping()
        when?.refuseUnknownKeys(known: ["status", "header", "body"])
        let statuses = when?["status"].map { Statuses(reading: $0) }
        let header = when?["header"].map { HeaderCondition(reading: $0) }
        let condition = when?["body"].map { BodyCondition(reading: $0) }
        let after = body["after"]?.milliseconds(in: SourceBounds.afterMilliseconds)
        let reason = body["reason"]?.text(lengthMax: SourceBounds.reasonBytes)
        if let action, action != .retryLater, action != .pauseSource {
            body["after"]?.report(
                .conflict, "the action \(action.rawValue) waits for nothing",
                remedy: "leave after out; it goes with retry_later and pause_source")
        }
        if action == .refreshCredentials, !refreshes {
            body["action"]?.report(
                .conflict, "there are no credentials that could be fetched anew",
                remedy: "add auth of type oauth2, or take another action, such as fail")
        }
        // A condition that is wrong is no condition less: the rule would seem to fit everything.
        guard let action, body["when"] == nil || when != nil else { return nil }
        if case .some(.none) = statuses { return nil }
        if case .some(.none) = header { return nil }
        if case .some(.none) = condition { return nil }
        self.init(
            statuses: statuses ?? nil, header: header ?? nil, body: condition ?? nil, action: action,
            afterMilliseconds: after, reason: reason)
    }
}

extension ResponseRule.Statuses {
    /// `404`, `[404, 410]` or `4xx`.
    fileprivate init?(reading cursor: DocumentCursor) {
        switch cursor.node.content {
        case .scalar(let text, _):
            if let hundreds = Self(className: text) {
                self = hundreds
                return
            }
            guard Int(text) != nil else {
                cursor.report(
                    .wrongType, "a status is needed, not \(cursor.node.kindName)",
                    remedy: "write one, such as 404, a list of them, or a class: 2xx, 3xx, 4xx or 5xx")
                return nil
            }
            guard let status = cursor.integer(in: SourceBounds.status) else { return nil }
            self = .anyOf([status])
        case .sequence, .mapping:
            guard let elements = cursor.alternatives() else { return nil }
            let statuses = elements.compactMap { $0.integer(in: SourceBounds.status) }
            guard statuses.count == elements.count else { return nil }
            self = .anyOf(statuses)
        }
    }
}

extension ResponseRule.HeaderCondition {
    fileprivate init?(reading cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["name"] + ResponseRule.Test.keys)
        let name = body.required("name", "the header field, such as retry-after")?
            .text(lengthMax: SourceBounds.nameBytes)
        let test = ResponseRule.Test(reading: body, asText: true)
        guard let name, let test else { return nil }
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }) else {
            body["name"]?.report(
                .invalidName, "\(name.debugDescription) is no name of a header field",
                remedy: "write one, such as retry-after")
            return nil
        }
        self.init(name: name.lowercased(), test: test)
    }
}

extension ResponseRule.BodyCondition {
    fileprivate init?(reading cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["path"] + ResponseRule.Test.keys)
        let path = body.required("path", "the place, such as [error, code]")?.pathPattern()
        let test = ResponseRule.Test(reading: body, asText: false)
        guard let path, let test else { return nil }
        self.init(path: path, test: test)
    }
}
