import Testing

/// Rules of the house that a search can hold.
@Suite("Rules of the sources")
struct SourceRulesTests {
    private let repository = Repository.current
    private var product: [SourceFile] { repository.sources.filter { $0.area == "Libraries" || $0.area == "Services" } }

    @Test func onlyAMainReadsTheEnvironmentOrExits() throws {
        let forbidden = try Regex(
            #"ProcessInfo\.processInfo\.environment|\b_*environ\b|EnvironmentVariablesProvider\(\)|\bEnvironment\(\)"#
                + #"|(?:^|[^\w.])(?:getenv|secure_getenv|exit|_exit|abort)\("#)
        for file in product where !file.isMain {
            for (number, line) in file.code where line.contains(forbidden) {
                Issue.record("\(file.path):\(number): only a Main reads the environment or exits: \(line)")
            }
        }
    }

    @Test func onlyAMainStartsTheLog() {
        // Runtime starts it on behalf of the Main that calls it.
        for file in product where !file.isMain && file.target != "Runtime" {
            for (number, line) in file.code
            where line.contains("LoggingSystem.bootstrap") || line.contains("MetricsSystem.bootstrap") {
                Issue.record("\(file.path):\(number): only a Main starts the log and the metrics.")
            }
        }
    }

    @Test func onlyTheStoreSpeaksSQL() throws {
        let statement = try Regex(#"(?i)(?:^\s*|")(?:select|insert into|update public\.|delete from)\s"#)
        for file in product where file.target != "Store" {
            for (number, line) in file.code where line.contains(statement) {
                Issue.record("\(file.path):\(number): statements live in Libraries/Store: \(line)")
            }
        }
    }

    @Test func hintsAreSaidInOnePlace() {
        // The command line publishes what it is told to; the bus carries it.
        for file in product where !["Assembly", "Messaging", "Bus", "CLI"].contains(file.target) {
            for (number, line) in file.code where line.contains(".publish(topic:") || line.contains("CloudEvent(id:") {
                Issue.record("\(file.path):\(number): services say hints with HintPublisher: \(line)")
            }
        }
    }

    @Test func onlyOutboundCallsOtherMachines() throws {
        let client = try Regex(#"\bURLSession\b|\bFoundationNetworking\b|\bAsyncHTTPClient\b|\bClientBootstrap\b"#)
        let socket = try Regex(#"(?:^|[^\w.])(?:connect|sendto)\(\w+, "#)
        // It asks processes of its own, on loopback.
        let probe = "Services/CLI/Up/ReadinessProbe.swift"
        for file in product where file.target != "Outbound" {
            for (number, line) in file.code
            where line.contains(client) || (line.contains(socket) && file.path != probe) {
                Issue.record("\(file.path):\(number): OutboundClient alone speaks to other machines: \(line)")
            }
        }
    }

    @Test func servicesCallOthersAsTheSettingsSay() {
        // The command line calls the intake that its user names.
        for file in product where file.area == "Services" && file.target != "CLI" {
            let text = file.code.map(\.line).joined(separator: "\n")
            if text.contains("OutboundClient(") {
                #expect(
                    text.contains("OutboundSettings.configuration("),
                    "\(file.path) makes an OutboundClient without the allow list and the own ports of OutboundSettings."
                )
            }
        }
    }

    @Test func nothingEndsTheProcessOnInput() throws {
        let forbidden = try Regex(#"\bfatalError\("#)
        for file in product {
            for (number, line) in file.code where line.contains(forbidden) {
                Issue.record("\(file.path):\(number): throw an error that says what to do instead.")
            }
        }
    }

    @Test func typesAreNamedForWhatTheyAre() throws {
        let declaration = try Regex(#"\b(?:struct|class|enum|actor|protocol|typealias)\s+(\w+)"#)
        let vague = try Regex(#"(?:Manager|Helper|Helpers|Util|Utils|Utility|Common)$"#)
        for file in product {
            for (number, line) in file.code {
                guard let match = line.firstMatch(of: declaration), let name = match[1].substring else { continue }
                #expect(!name.contains(vague), "\(file.path):\(number): \(name) does not say what it is.")
                #expect(
                    name != file.target,
                    "\(file.path):\(number): \(name) has the name of its module, which hides the module.")
            }
        }
    }

    @Test func noFileIsTooLarge() {
        let sizes = product.map(\.lines.count).sorted()
        for file in repository.sources where file.path != "Package.swift" {
            #expect(file.lines.count <= 700, "\(file.path) has \(file.lines.count) lines; at most 700.")
        }
        guard !sizes.isEmpty else { return }
        #expect(sizes[sizes.count / 2] < 100, "The median file has \(sizes[sizes.count / 2]) lines; keep it under 100.")
        #expect(
            sizes[sizes.count * 9 / 10] < 350,
            "A tenth of the files has over \(sizes[sizes.count * 9 / 10]) lines; keep it under 350.")
    }

    @Test func noFunctionIsTooLong() throws {
        let opening = try Regex(#"^( *)(?:[@\w() ]+ )?(?:func |init[?(<]).*$"#)
        for file in product {
            for (index, line) in file.lines.enumerated() {
                guard let match = line.firstMatch(of: opening), let indent = match[1].substring else { continue }
                let body = file.lines[index...].prefix { $0 != indent + "}" && $0 != indent + "} " }
                // A declaration without a body (a requirement of a protocol) or on one line has no such end.
                guard index + body.count < file.lines.count, !line.hasSuffix("}") else { continue }
                let end = body.dropFirst().first {
                    $0.hasPrefix(indent) && $0.dropFirst(indent.count).first?.isLetter == true
                }
                guard end == nil else { continue }
                #expect(body.count <= 70, "\(file.path):\(index + 1) has \(body.count) lines; at most 70.")
            }
        }
    }
}
