extension MappingCursor {
    /// The value of `type`, each case of which has keys of its own; logs keys of other cases and of none.
    ///
    /// - Parameters:
    ///   - meaning: what is to be written there, for people.
    ///   - keys: the keys of a case.
    func kind<Kind: RawRepresentable<String> & CaseIterable>(
        of type: Kind.Type, _ meaning: String, keys: (Kind) -> [String]
    ) -> Kind? {
        let kind = required("type", meaning)?.choice(of: type)
        let own = kind.map(keys) ?? []
        let foreign = Kind.allCases.flatMap(keys).filter { !own.contains($0) }
        // Of an unknown type any key may be one.
        refuseUnknownKeys(known: ["type"] + own, besides: foreign)
        guard let kind else { return nil }
        for entry in entries where foreign.contains(entry.key) && !entry.isEmpty {
            report(
                .conflict, at: entry, "type \(kind.rawValue) has no \(entry.key)",
                remedy: "leave it out, or take another type; this one has \(own.joined(separator: ", "))"
            )
        }
        return kind
    }
}
