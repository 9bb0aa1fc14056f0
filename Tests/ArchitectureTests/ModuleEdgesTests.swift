import Testing

/// Arrows point down only (docs/architecture.md): which module may import which.
@Suite("Edges between modules")
struct ModuleEdgesTests {
    private let repository = Repository.current

    /// Every library, and all modules of this package that it may import.
    private static let libraries: [String: Set<String>] = [
        "JSON": ["CSimdJSON"],
        "States": [],
        "Templates": ["JSON"],
        "Mapping": ["JSON"],
        "Sources": ["JSON", "Mapping", "Templates"],
        "Factors": ["JSON"],
        "Workflows": ["Contracts", "JSON"],
        "Catalogue": ["Contracts", "Factors", "JSON", "Mapping", "Sources", "Templates", "Workflows"],
        "Contracts": ["JSON", "States"],
        "Postgres": ["CLibPQ"],
        "Messaging": ["CZeroMQ"],
        "Outbound": ["CCurl", "CZlib"],
        "Exchanges": ["Contracts", "JSON", "Mapping", "Outbound", "Sources", "Templates"],
        "Answers": ["Contracts", "JSON", "Mapping", "Postgres", "Store"],
        "Runtime": [],
        "Store": ["Catalogue", "Contracts", "JSON", "Mapping", "Postgres", "Sources", "States", "Templates"],
        "Reporting": ["Contracts", "Messaging", "Runtime"],
        "Assembly": ["Contracts", "JSON", "Messaging", "Outbound", "Postgres", "Reporting", "Runtime", "Store"],
    ]

    /// The domain: values and functions, no I/O.
    private static let domain: Set<String> = [
        "States", "Factors", "Mapping", "Templates", "Billing", "Workflows", "JSON", "Sources", "Catalogue",
        "Contracts",
    ]

    /// Who alone may import a C library.
    private static let owners: [String: Set<String>] = [
        "CLibPQ": ["Postgres"], "CZeroMQ": ["Messaging", "Bus"], "CCurl": ["Outbound"], "CZlib": ["Outbound"],
        "CSimdJSON": ["JSON"],
    ]

    private var services: Set<String> {
        Set(repository.sources.filter { $0.area == "Services" }.map { String($0.path.split(separator: "/")[1]) })
    }

    @Test func librariesImportOnlyWhatLiesBelowThem() {
        let own = Set(Self.libraries.keys).union(services).union(Self.owners.keys)
        for file in repository.sources where file.area == "Libraries" {
            guard let allowed = Self.libraries[file.target] else {
                Issue.record(
                    "\(file.path): the library \(file.target) is not in the table of this test; say what it may import."
                )
                continue
            }
            let wrong = file.imports.intersection(own).subtracting(allowed).subtracting([file.target])
            #expect(wrong.isEmpty, "\(file.path) imports \(wrong.sorted()), which \(file.target) may not.")
        }
    }

    @Test func servicesNeverImportEachOther() {
        for file in repository.sources where file.area == "Services" {
            let service = String(file.path.split(separator: "/")[1])
            let wrong = file.imports.intersection(services).subtracting([service])
            #expect(wrong.isEmpty, "\(file.path) imports the service \(wrong.sorted()).")
        }
    }

    @Test func cLibrariesHaveOneOwnerEach() {
        for file in repository.sources where file.area == "Libraries" || file.area == "Services" {
            for (module, owners) in Self.owners where file.imports.contains(module) {
                #expect(
                    owners.contains(file.target), "\(file.path) imports \(module), which only \(owners.sorted()) may.")
            }
        }
    }

    @Test func domainKnowsNeitherInputNorOutput() {
        let outside: Set = [
            "Postgres", "Messaging", "Outbound", "Runtime", "Store", "Logging", "Hummingbird", "ServiceLifecycle",
            "Glibc",
        ]
        for file in repository.sources where file.area == "Libraries" && Self.domain.contains(file.target) {
            let wrong = file.imports.filter {
                outside.contains($0) || $0.hasPrefix("NIO") || $0.hasPrefix("Hummingbird")
            }
            #expect(wrong.isEmpty, "\(file.path) imports \(wrong.sorted()); decisions are pure.")
        }
    }

    @Test func domainHasNoClockAndNoRandomnessOfItsOwn() throws {
        let forbidden = try Regex(
            #"\bDate\(\)|\bDate\.now\b|Clock\(\)|Clock\.now\b|\.random\(|\.shuffled\(\)|\bUUID\(\)|Task\.sleep"#)
        for file in repository.sources where file.area == "Libraries" && Self.domain.contains(file.target) {
            for (number, line) in file.code where line.contains(forbidden) {
                Issue.record("\(file.path):\(number): time and randomness are handed in: \(line)")
            }
        }
    }
}
