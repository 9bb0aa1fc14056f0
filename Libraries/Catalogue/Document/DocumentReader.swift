import Yams

/// Reads YAML text within bounds: text in, ``DocumentNode`` out.
struct DocumentReader {
    let limits: CatalogueLimits
    private var nodes = 0

    init(limits: CatalogueLimits) {
        self.limits = limits
    }

    mutating func read(_ text: String) throws(CatalogueFailure) -> DocumentNode {
        guard text.utf8.count <= limits.bytesMax else {
            throw CatalogueFailure(
                .tooLarge, "the file has \(text.utf8.count) bytes, more than \(limits.bytesMax)",
                remedy: "split it into several files and apply one after the other"
            )
        }
        let aliases = AliasCensus.count(in: text, upTo: limits.aliasesMax)
        guard aliases <= limits.aliasesMax else {
            throw CatalogueFailure(
                .tooLarge, "the file has more than \(limits.aliasesMax) YAML aliases (*name)",
                remedy: "write the repeated parts out"
            )
        }
        return try convert(try compose(text), depth: 0)
    }

    private func compose(_ text: String) throws(CatalogueFailure) -> Node {
        do {
            // The encoding is named because Yams would otherwise take it from an environment variable.
            if let root = try Yams.compose(yaml: text, .default, .default, .utf8) { return root }
        } catch let error as YamlError {
            throw CatalogueFailure(error)
        } catch {
            throw CatalogueFailure(.syntax, "the text is not YAML (\(error))", remedy: "correct it")
        }
        throw CatalogueFailure(
            .syntax, "the file is empty", remedy: "declare at least an organization; docs/catalogue.md has an example"
        )
    }

    private mutating func convert(_ node: Node, depth: Int) throws(CatalogueFailure) -> DocumentNode {
        let place = CatalogueProblem.Place(node.mark)
        nodes += 1
        guard nodes <= limits.nodesMax else {
            throw CatalogueFailure(
                .tooLarge, "the document has more than \(limits.nodesMax) values, aliases counted in full", at: place,
                remedy: "split it into several files, and write repeated parts out"
            )
        }
        guard depth <= limits.depthMax else {
            throw CatalogueFailure(
                .tooLarge, "mappings and lists are nested deeper than \(limits.depthMax)", at: place,
                remedy: "make it flatter"
            )
        }
        switch node {
        case .scalar(let scalar):
            return try convert(scalar, at: place)
        case .sequence(let sequence):
            var elements: [DocumentNode] = []
            for element in sequence { elements.append(try convert(element, depth: depth + 1)) }
            return DocumentNode(content: .sequence(elements), place: place)
        case .mapping(let mapping):
            return try convert(mapping, depth: depth, at: place)
        case .alias:
            throw CatalogueFailure(.syntax, "an alias stands for nothing", at: place, remedy: "write the value out")
        }
    }

    private func convert(
        _ scalar: Node.Scalar, at place: CatalogueProblem.Place
    ) throws(CatalogueFailure) -> DocumentNode {
        guard !scalar.string.utf8.contains(0) else {
            throw CatalogueFailure(
                .syntax, "the text holds the character NUL", at: place,
                remedy: "remove it: the database cannot store it"
            )
        }
        let isQuoted = scalar.style != .plain && scalar.style != .any
        return DocumentNode(content: .scalar(scalar.string, isQuoted: isQuoted), place: place)
    }

    private mutating func convert(
        _ mapping: Node.Mapping, depth: Int, at place: CatalogueProblem.Place
    ) throws(CatalogueFailure) -> DocumentNode {
        var entries: [DocumentEntry] = []
        var seen: Set<String> = []
        for (keyNode, valueNode) in mapping {
            let key = try convert(keyNode, depth: depth + 1)
            guard case .scalar(let name, _) = key.content else {
                throw CatalogueFailure(
                    .syntax, "a key is \(key.kindName)", at: key.place, remedy: "write a word in front of the colon"
                )
            }
            // Yams compares nodes, for which `1` and `"1"` differ; here both are the key 1.
            guard seen.insert(name).inserted else {
                throw CatalogueFailure(
                    .duplicateKey, "the key \(name) stands twice in this mapping", at: key.place,
                    remedy: "keep one of the two"
                )
            }
            let value = try convert(valueNode, depth: depth + 1)
            entries.append(DocumentEntry(key: name, keyPlace: key.place, value: value))
        }
        return DocumentNode(content: .mapping(entries), place: place)
    }
}
