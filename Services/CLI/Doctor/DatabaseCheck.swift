import Postgres
import Store

/// The database: reachable, migrated, with room for what comes, without what waits.
struct DatabaseCheck {
    /// The services that claim work, and so keep a lease.
    private static let claimants = ["weir-intake", "weir-executor", "weir-processor", "weir-delivery"]

    let context: CommandContext
    let options: DatabaseOptions
    let migrations: String?

    func findings() async -> [Finding] {
        do {
            let url = try context.databaseURL(options)
            return try await context.withDatabase(url: url) { pool in
                let survey = DatabaseSurvey(pool: pool)
                let server = try await survey.server()
                var findings = [Finding.ok("database", "Postgres \(server.version) answers"), clock(server)]
                findings += await findingsOfSchema(url: url, survey, FailureSurvey(pool: pool))
                return findings
            }
        } catch {
            return [
                .unreachable(
                    "database", error, remedy: "Start it, or set WEIR_DATABASE_URL to an administrator's address")
            ]
        }
    }

    /// Signatures and leases go by two clocks.
    private func clock(_ server: DatabaseSurvey.Server) -> Finding {
        let skew = abs(server.clockAheadSeconds)
        guard skew > 5 else { return .ok("clock", "the database's and this machine's agree") }
        return .warn(
            "clock", "the database's clock is \(Int(server.clockAheadSeconds)) s ahead of this machine's",
            remedy: "Let both follow a time server; webhooks are refused beyond 300 s")
    }

    private func findingsOfSchema(
        url: String, _ survey: DatabaseSurvey, _ failures: FailureSurvey
    ) async -> [Finding] {
        do {
            let statuses = try await context.withMigrator(url: url, migrations: migrations) { try await $0.status() }
            let wrong = statuses.filter { $0.standing != .applied }
            guard wrong.isEmpty else {
                let names = wrong.map { "\($0.name) \($0.standing.rawValue)" }.joined(separator: ", ")
                return [.fail("schema", names, remedy: "weir migrate up; 'weir migrate verify' says more")]
            }
            return [.ok("schema", "all \(statuses.count) migrations have run")]
                + (await findingsOfContent(survey, failures))
        } catch {
            return [.unreachable("schema", error, remedy: "See 'weir migrate status'")]
        }
    }

    private func findingsOfContent(_ survey: DatabaseSurvey, _ failures: FailureSurvey) async -> [Finding] {
        do {
            return try await [partitions(survey), defaults(survey), workers(survey)] + waiting(survey)
                + FailureCheck(survey: failures).findings()
        } catch {
            return [.unreachable("content", error, remedy: "Use an address whose user may read all tables")]
        }
    }

    private func partitions(_ survey: DatabaseSurvey) async throws -> Finding {
        let missing = try await survey.missingPartitions()
        guard !missing.isEmpty else { return .ok("partitions", "made for the coming week") }
        return .fail(
            "partitions", "missing: \(missing.joined(separator: ", "))",
            remedy: "weir-scheduler makes them; see that it runs, and its log")
    }

    private func defaults(_ survey: DatabaseSurvey) async throws -> Finding {
        let filled = try await survey.filledDefaultPartitions()
        guard !filled.isEmpty else { return .ok("defaults", "the default partitions are empty") }
        return .warn(
            "defaults", "rows in \(filled.joined(separator: ", "))",
            remedy: "Rows came before their week's partition; move them before it is made")
    }

    private func workers(_ survey: DatabaseSurvey) async throws -> Finding {
        let workers = try await survey.workers()
        let alive = workers.filter { $0.alive > 0 }
        let text = alive.map { "\($0.alive) \($0.service)" }.joined(separator: ", ")
        let missing = Self.claimants.filter { name in !alive.contains { $0.service == name } }
        let silent = workers.reduce(0) { $0 + $1.silent }
        if !missing.isEmpty {
            return .warn(
                "workers",
                (text.isEmpty ? "none alive" : "alive: \(text)") + "; none of \(missing.joined(separator: ", "))",
                remedy: "Start what is missing ('weir up' starts all)")
        }
        if silent > 0 {
            return .warn(
                "workers", "alive: \(text); \(silent) silent for longer than their lease",
                remedy: "weir-scheduler takes their work back; see that it runs")
        }
        return .ok("workers", "alive: \(text)")
    }

    private func waiting(_ survey: DatabaseSurvey) async throws -> [Finding] {
        try await survey.waiting().map { wait in
            guard wait.count > 0 else { return .ok(wait.subject, "nothing waits too long") }
            return .warn(
                wait.subject,
                "\(wait.what), the oldest for \(DurationText.of(.seconds(wait.oldestSeconds)))",
                remedy: wait.remedy)
        }
    }
}

extension Finding {
    /// Something that could not be looked at.
    static func unreachable(_ subject: String, _ error: any Error, remedy: String) -> Finding {
        // What this command could not even find says itself how it would be found.
        if let error = error as? CommandError, let remedy = error.remedy {
            return .fail(subject, error.problem, remedy: remedy)
        }
        let text = ErrorReport(error).text
        let first = text.split(separator: "\n").first.map(String.init) ?? text
        return .fail(subject, first.hasPrefix("Error: ") ? String(first.dropFirst(7)) : first, remedy: remedy)
    }
}
