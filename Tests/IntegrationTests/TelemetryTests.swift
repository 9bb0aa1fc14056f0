import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// What each service really serves on `/metrics`, held against Prometheus' own checker and against docs/telemetry.md.
    @Suite("Telemetry")
    struct TelemetryTests {
        @Test func metricsAreCleanAndWhatTheirPageSays() async throws {
            var options = Platform.Options()
            var ports: [ServiceName: Int] = [:]
            for service in ServiceName.allCases {
                let port = try FreePort.choose()
                ports[service] = port
                options.variables[service] = ["WEIR_HEALTH_PORT": "\(port)", "WEIR_MONITOR": "200ms"]
            }
            try await withPlatform(options) { platform in
                // Something of every kind: calls that fail, webhooks that are not taken, requests that are refused.
                platform.api.script(
                    "late", [.status(503), .json(#"{"data":{"name":"late","profile":{"employees":7}}}"#)])
                platform.webhooks.answer(503)
                let id = try await platform.client.submit(["Abel", "late"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                _ = try await platform.client.get("/v1/activity-requests/nonsense")
                _ = try await platform.client.get("/nowhere")
                let documented = try Self.documented()
                for service in ServiceName.allCases {
                    let port = try #require(ports[service])
                    let text = try await eventually("metrics of \(service)") {
                        let answer = try await platform.client.get("http://127.0.0.1:\(port)/metrics")
                        let text = String(decoding: answer.body, as: UTF8.self)
                        // Transitions are counted when they are ten seconds old; the rest is there at once.
                        return service != .scheduler || text.contains("weir_stage_waiting{") ? text : nil
                    }
                    let problems = try await Self.promtool(text)
                    #expect(problems == "", "\(service)")
                    try Self.expect(text, of: service, toBe: documented)
                }
                try await expectCounts(platform, ports)
            }
        }

        @Test func aRequestCanBeFollowedFromLineToLineByItsID() async throws {
            var options = Platform.Options()
            options.shared = ["WEIR_LOG_FORMAT": "json", "WEIR_LOG_LEVEL": "debug"]
            try await withPlatform(options) { platform in
                platform.api.script(
                    "late", [.status(503), .json(#"{"data":{"name":"late","profile":{"employees":7}}}"#)])
                let id = try await platform.client.submit(["late"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let run = try await platform.database.value(String.self, "select id::text from public.run_queue")
                let expected: [(ServiceName, String)] = [
                    (.intake, "A request is accepted."), (.intake, "The runs of a request are made."),
                    (.executor, "An exchange has brought nothing."),
                    (.processor, "The result of a request is put together."),
                    (.delivery, "A webhook was taken."),
                ]
                for (service, message) in expected {
                    let line = try await eventually("\(message)") { try Self.line(message, of: service, in: platform) }
                    #expect(line["request"] == .string(id) && line["level"] == "debug", "\(line)")
                    #expect(line["service"] == .string(service.executable))
                    if service == .executor {
                        #expect(line["run"] == .string(run) && line["substate"] == "http_503", "\(line)")
                    }
                }
            }
        }

        private static func line(_ message: String, of service: ServiceName, in platform: Platform) throws -> JSONValue?
        {
            let text = platform.logs.first { $0.instance.service == service }?.text ?? ""
            return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                .first { $0["message"] == .string(message) }
        }

        /// Everything that this test has brought about is counted, once.
        private func expectCounts(_ platform: Platform, _ ports: [ServiceName: Int]) async throws {
            func text(_ service: ServiceName) async throws -> String {
                let answer = try await platform.client.get("http://127.0.0.1:\(ports[service] ?? 0)/metrics")
                return "\n" + String(decoding: answer.body, as: UTF8.self)
            }
            /// What has happened may be seen by others a moment before it is counted.
            func expect(_ service: ServiceName, toCount lines: [String], butNot wrong: [String] = []) async throws {
                var missing = lines
                var found: [String] = []
                try? await eventually(
                    "the counts of \(service)",
                    holds: {
                        let text = try await text(service)
                        missing = lines.filter { !text.contains("\n\($0)\n") }
                        found = wrong.filter { text.contains("\n\($0)\n") }
                        return missing.isEmpty && found.isEmpty
                    })
                #expect(missing == [] && found == [], "\(service)")
            }
            try await expect(
                .intake,
                toCount: [
                    #"weir_intake_requests_total{kind="activity",origin="http",outcome="accepted"} 1"#,
                    "weir_intake_runs_total 2", "weir_intake_requests_expanded_total 1",
                    #"weir_http_requests_total{method="GET",route="/v1/activity-requests/{id}",status="4xx"} 1"#,
                    #"weir_http_requests_total{method="GET",route="none",status="4xx"} 1"#,
                ])
            try await expect(
                .executor,
                toCount: [
                    #"weir_executor_calls_total{org="acme",outcome="2xx",source="registry"} 2"#,
                    #"weir_executor_calls_total{org="acme",outcome="5xx",source="registry"} 1"#,
                    #"weir_executor_exchanges_total{outcome="answered"} 2"#,
                    #"weir_executor_exchanges_total{outcome="retried"} 1"#,
                    #"weir_executor_call_seconds_count{org="acme",source="registry"} 3"#,
                ], butNot: [#"weir_hints_published_total{outcome="accepted",topic="dev.weir.answer.recorded.v1"} 0"#])
            try await expect(
                .processor,
                toCount: [
                    #"weir_processor_runs_total{outcome="done"} 2"#, "weir_processor_answers_total 2",
                    #"weir_processor_results_total{outcome="collected"} 1"#,
                ])
            try await expect(
                .delivery,
                toCount: [
                    #"weir_delivery_attempts_total{outcome="5xx"} 1"#,
                    #"weir_delivery_attempts_total{outcome="2xx"} 1"#,
                ])
            try await expect(
                .bus,
                toCount: [#"weir_bus_waiting{topic="dev.weir.run.ready.v1"} 0"#]
                    + ["dev.weir.service.reported.v1", "other"].map {
                        #"weir_bus_messages_total{outcome="delivered",topic="\#($0)"} 0"#
                    },
                butNot: [#"weir_bus_messages_total{outcome="received",topic="dev.weir.request.accepted.v1"} 0"#])
        }

        private struct Documented: Equatable {
            let kind: String
            let labels: Set<String>
        }

        /// The rows of the page: a metric, its kind, its labels.
        private static func documented() throws -> [String: Documented] {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let page = try String(contentsOf: root.appending(path: "docs/telemetry.md"), encoding: .utf8)
            var found: [String: Documented] = [:]
            for match in page.matches(of: /(?m)^\| `(weir_[a-z0-9_]+)` \| (\w+)([^|]*) \|/) {
                let labels = match.3.matches(of: /`([a-z_]+)`/).map { String($0.1) }
                found[String(match.1)] = Documented(kind: String(match.2), labels: Set(labels))
            }
            #expect(found.count > 50)
            return found
        }

        /// Every metric is on the page, of that kind and with those labels.
        private static func expect(_ text: String, of service: ServiceName, toBe documented: [String: Documented])
            throws
        {
            var kinds: [String: String] = [:]
            for match in text.matches(of: /(?m)^# TYPE (\S+) (\w+)$/) { kinds[String(match.1)] = String(match.2) }
            #expect(kinds.count > 10 && kinds["weir_metrics_overflow_total"] == "counter")
            #expect(
                text.contains("\nweir_metrics_overflow_total 0\n")
                    && text.contains("\nweir_metrics_conflicts_total 0\n"))
            for (name, kind) in kinds where name.hasPrefix("weir_") {
                guard let row = documented[name] else {
                    Issue.record("\(service) serves \(name), which docs/telemetry.md does not list")
                    continue
                }
                #expect(row.kind == kind, "\(name)")
                for line in text.split(separator: "\n") where line.hasPrefix(name) && !line.hasPrefix("#") {
                    let suffix = line.dropFirst(name.count).prefix { $0 != "{" && $0 != " " }
                    guard kind == "histogram" || suffix.isEmpty else { continue }
                    let braces = line.drop { $0 != "{" }.prefix { $0 != " " }
                    let labels = Set(braces.matches(of: /([a-z_]+)="/).map { String($0.1) }).subtracting(["le"])
                    #expect(labels == row.labels, "\(line)")
                }
            }
            // By no other name than Prometheus' own and ours.
            #expect(kinds.keys.filter { !$0.hasPrefix("weir_") && !$0.hasPrefix("process_") }.sorted() == [])
        }

        /// What Prometheus' own checker has to say; nothing when all is well.
        private static func promtool(_ text: String) async throws -> String {
            let directory = try ShortDirectory.make()
            defer { try? FileManager.default.removeItem(at: directory) }
            let file = directory.appending(path: "metrics").path
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let checker = ServiceProcess(
                executable: "sh", arguments: ["-c", "promtool check metrics < \(file)"],
                environment: ["PATH": "/usr/bin:/bin"], logPath: file + ".log")
            try await checker.start()
            let status = await checker.exitStatus()
            return status == 0 ? checker.log : "status \(status.map(String.init) ?? "none"): \(checker.log)"
        }
    }
}
