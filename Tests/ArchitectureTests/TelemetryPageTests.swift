import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// docs/telemetry.md against the code: every metric, every key of a log line, every line of the log that people should know.
///
/// What services really serve is held against the page by the integration tests.
@Suite("docs/telemetry.md")
struct TelemetryPageTests {
    private let repository = Repository.current
    private var page: String { repository.text("docs/telemetry.md") }

    @Test func metricsInTheCodeAndOnThePageAreTheSame() throws {
        let row = try Regex(#"(?m)^\| `(weir_[a-z0-9_]+)`"#)
        let inCode = try metricsInTheCode()
        let rows = page.matches(of: row).compactMap { $0[1].substring.map(String.init) }
        #expect(inCode.count > 50 && Set(rows).count == rows.count, "a metric stands on the page twice")
        #expect(inCode.subtracting(rows).sorted() == [], "docs/telemetry.md does not list them")
        #expect(Set(rows).subtracting(inCode).sorted() == [], "docs/telemetry.md lists them, and nothing makes them")
    }

    @Test func alertsUseMetricsThatThereAreAndAreTested() throws {
        let rules = repository.text("deploy/alerts.yaml")
        let metric = try Regex(#"weir_[a-z0-9_]+"#)
        // What a histogram is made of.
        let part = try Regex(#"_(bucket|sum|count)$"#)
        let inCode = try metricsInTheCode()
        let used = Set(rules.matches(of: metric).map { String(rules[$0.range].replacing(part, with: "")) })
        #expect(used.count > 5 && used.subtracting(inCode).sorted() == [], "nothing makes these metrics")
        let tests = repository.text("deploy/alerts_test.yaml")
        for match in rules.matches(of: try Regex(#"- alert: (\w+)"#)) {
            let name = match[1].substring ?? ""
            #expect(tests.contains("\"\(name)\""), "no test lets \(name) fire")
        }
    }

    @Test func reportsNameMetricsThatThereAre() throws {
        let source = repository.text("Libraries/Contracts/ReportedMetric.swift")
        let named = Set(
            source.matches(of: try Regex(#"= "((weir|process)_[a-z0-9_]+)""#)).compactMap {
                $0[1].substring.map(String.init)
            })
        let made = try metricsInTheCode().union(["process_cpu_seconds_total", "process_resident_memory_bytes"])
        #expect(named.count > 10 && named.subtracting(made).sorted() == [])
    }

    @Test func keysOfLogLinesInTheCodeAndOnThePageAreTheSame() throws {
        let onPage = Set(
            section("## Logs", until: "### ").matches(of: try Regex(#"(?m)^\| `([a-z_]+)` \|"#)).compactMap {
                $0[1].substring.map(String.init)
            })
        var inCode: [String: String] = [:]
        for file in logging {
            for key in try Self.metadataKeys(in: repository.text(file.path)) { inCode[key] = file.path }
        }
        for (key, path) in inCode where !onPage.contains(key) {
            Issue.record("\(path) logs under the key \(key), which docs/telemetry.md does not list.")
        }
        #expect(inCode.count > 20 && onPage.subtracting(inCode.keys).sorted() == [], "no line has these keys")
    }

    @Test func linesOfTheLogInTheCodeAndOnThePageAreTheSame() throws {
        let row = try Regex(#"(?m)^\| `([^`]+)` \| (\w+) \|"#)
        var onPage: [String: String] = [:]
        for match in section("### Lines that matter", until: nil).matches(of: row) {
            guard let message = match[1].substring, let level = match[2].substring else { continue }
            onPage[String(message)] = String(level)
        }
        let line = try Regex(#"\.(trace|debug|info|notice|warning|error|critical)\(\s*"((?:[^"\\]|\\.)*)""#)
        var inCode: [String: String] = [:]
        for file in logging {
            let text = repository.text(file.path)
            guard text.contains("logger") else { continue }
            for match in text.matches(of: line) {
                guard let level = match[1].substring, let message = match[2].substring, level != "debug" else {
                    continue
                }
                inCode[String(message)] = String(level)
            }
        }
        // Its level depends on whether it is the first of many.
        inCode["Cannot connect to Postgres."] = "warning"
        for (message, level) in inCode where onPage[message] != level {
            Issue.record("docs/telemetry.md does not list \"\(message)\" as \(level).")
        }
        #expect(inCode.count > 40 && Set(onPage.keys).subtracting(inCode.keys).sorted() == [], "nobody logs them")
    }

    /// The files whose lines operators see: commands of the CLI print what they have to say.
    private var logging: [SourceFile] {
        repository.sources.filter {
            $0.area == "Libraries" || $0.area == "Services" && !$0.path.hasPrefix("Services/CLI/")
        }
    }

    private func section(_ title: String, until next: String?) -> Substring {
        let page = page
        guard let start = page.firstRange(of: title) else { return "" }
        let rest = page[start.upperBound...]
        guard let next, let end = rest.firstRange(of: next) else { return rest }
        return rest[..<end.lowerBound]
    }

    /// The keys of dictionaries of metadata, and of subscripts of loggers.
    private static func metadataKeys(in text: String) throws -> Set<String> {
        let key = try Regex(#""([A-Za-z_.]+)"\s*:"#)
        var keys = Set(
            text.matches(of: try Regex(#"metadataKey: "([^"]+)""#)).compactMap { $0[1].substring.map(String.init) })
        for match in text.matches(of: try Regex(#"(metadata:|Metadata =)\s*\["#)) {
            var depth = 1
            let dictionary = text[match.range.upperBound...].prefix { character in
                if character == "[" { depth += 1 }
                if character == "]" { depth -= 1 }
                return depth > 0
            }
            keys.formUnion(dictionary.matches(of: key).compactMap { $0[1].substring.map(String.init) })
        }
        return keys
    }

    /// Metrics are made with a name and a help text.
    private func metricsInTheCode() throws -> Set<String> {
        let made = try Regex(#"\(\s*"(weir_[a-z0-9_]+)",\s*""#)
        var names = Set<String>()
        for file in repository.sources where file.area == "Libraries" || file.area == "Services" {
            for match in repository.text(file.path).matches(of: made) {
                if let name = match[1].substring { names.insert(String(name)) }
            }
        }
        return names
    }
}
