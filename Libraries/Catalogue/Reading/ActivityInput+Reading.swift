import Contracts

extension ActivityInput {
    /// Reads `place: text` and `size_min: { type: number, required: true }` or `{ type: number, default: 10 }`.
    init?(reading cursor: DocumentCursor) {
        guard let named = cursor.mapping()?.named() else { return nil }
        guard named.count <= Self.fieldsMax else {
            cursor.report(.outOfBounds, "there are \(named.count) fields", remedy: "declare at most \(Self.fieldsMax)")
            return nil
        }
        let fields = named.map { Field(name: $0.key, reading: $0.value) }
        guard fields.allSatisfy({ $0 != nil }) else { return nil }
        self.init(fields.compactMap(\.self))
    }
}

extension ActivityInput.Field {
    fileprivate init?(name: String, reading cursor: DocumentCursor) {
        guard !CatalogueVariable.reserved.contains(name) else {
            cursor.report(
                .invalidName, "\(name) is a variable of request templates", remedy: "give the field another name")
            return nil
        }
        guard case .mapping = cursor.node.content else {
            guard let type = cursor.choice(of: ActivityInput.FieldType.self) else { return nil }
            self.init(name: name, type: type)
            return
        }
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["type", "required", "default"])
        let type = body.required("type", "text, number, boolean or list")?.choice(of: ActivityInput.FieldType.self)
        let isRequired = body["required"].map { $0.truth() } ?? false
        let standard = body["default"].map { $0.json() }
        guard let type, let isRequired else { return nil }
        if case .some(.none) = standard { return nil }
        let field = Self(name: name, type: type, isRequired: isRequired, standard: standard ?? nil)
        if let given = field.standard {
            if let fault = field.fault(of: given) {
                body["default"]?.report(.wrongType, "the default \(fault)", remedy: "write one that fits the type")
                return nil
            }
            if isRequired {
                body["default"]?.report(
                    .conflict, "a field that must be given needs no default", remedy: "remove required or default")
                return nil
            }
        }
        self = field
    }
}

extension DocumentCursor {
    /// `true` or `false`.
    func truth() -> Bool? {
        if case .scalar(let text, let isQuoted) = node.content,
            case .bool(let value) = PlainScalar(text, isQuoted: isQuoted)
        {
            return value
        }
        report(.wrongType, "true or false is needed, not \(node.kindName)", remedy: "write true or false")
        return nil
    }
}
