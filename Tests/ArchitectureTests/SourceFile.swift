/// A Swift file, with its lines and what they import.
struct SourceFile: Sendable {
    /// Relative to the repository's root.
    let path: String
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The lines that are no comment, with their numbers.
    var code: [(number: Int, line: Substring)] {
        lines.enumerated().filter { !$0.element.drop { $0 == " " }.hasPrefix("//") }.map { ($0.offset + 1, $0.element) }
    }

    /// The target that the file belongs to: the folder below Libraries, Services or Tests; a service's Main is a target of its own.
    var target: String {
        let parts = path.split(separator: "/")
        guard parts.count > 2 else { return path }
        return parts[0] == "Services" && parts[2] == "Main" ? "\(parts[1])/Main" : String(parts[1])
    }

    /// `Libraries`, `Services`, `Tests`, …
    var area: Substring { path.prefix { $0 != "/" } }

    var isMain: Bool { target.hasSuffix("/Main") }

    /// The modules that the file imports.
    var imports: Set<String> {
        var modules: Set<String> = []
        for (_, line) in code {
            var words = line.split(separator: " ").drop { $0.hasPrefix("@") || accessLevels.contains($0) }
            guard words.first == "import" else { continue }
            words = words.dropFirst()
            if let kind = words.first, declarationKinds.contains(kind) { words = words.dropFirst() }
            if let module = words.first { modules.insert(String(module.prefix { $0 != "." })) }
        }
        return modules
    }
}

private let accessLevels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
private let declarationKinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
]
