import JSON
import TestServers
import Testing

extension IntegrationTests {
    /// Processes die in the middle of a request of 2,000 objects, and nothing is lost or done twice.
    @Suite("Nothing is lost")
    struct LossTests {
        static let names = (0..<2_000).map { "object \($0)" }
        /// Calls that the API answers before it holds the others back, so that the request is in its middle for as long as needed.
        static let callsBefore = 1_000

        @Test(arguments: ServiceName.allCases)
        func aServiceIsKilledInTheMiddle(_ service: ServiceName) async throws {
            try await withPlatform(options(killing: service)) { platform in
                let id = try await submit(platform, holding: service)
                try await reachTheMiddle(of: service, id, platform)
                try await platform.kill9(service)
                let before = try await RecordedCalls(platform)
                platform.api.gate.open()
                platform.webhooks.gate.open()
                if service == .bus {
                    // The others go on without it.
                    try await eventually("calls without the bus") {
                        platform.api.calls.count > Self.callsBefore + 200
                    }
                }
                try await platform.start(service)
                try await check(id, platform, recordedBefore: before)
                // An answer dies with the executor that has not recorded it yet, and with nobody else.
                if service != .executor { expectEachCalledOnce(platform) }
            }
        }

        /// Its first chunk of objects is on disk and the second is being written, which Postgres commits or undoes: whoever comes next goes
        /// on behind what is there.
        @Test(arguments: [true, false])
        func intakeIsKilledWhileItExpands(_ isUndone: Bool) async throws {
            try await withPlatform(options(killing: .intake)) { platform in
                let condition =
                    "exists (select from given where position > 0) and not exists (select from given where position = 0)"
                try await StatementGate.with(platform.database, event: "insert", on: "request_object", if: condition) {
                    gate in
                    platform.api.gate.close(after: 100)
                    let id = try await platform.client.submit(Self.names)
                    try await gate.waitUntilHeld()
                    let expanded = try await platform.client.request(id)["objects"]?["expanded"]?.intValue ?? 0
                    #expect(expanded > 0 && expanded < Self.names.count)
                    try await platform.kill9(.intake)
                    let before = try await RecordedCalls(platform)
                    platform.api.gate.open()
                    if isUndone {
                        let ended = try await platform.database.column(
                            Bool.self,
                            """
                            select pg_terminate_backend(pid, 60000) from pg_stat_activity
                            where datname = current_database() and usename = 'weir_intake' and wait_event = 'advisory'
                            """)
                        #expect(ended == [true])
                    }
                    try await gate.open()
                    try await platform.start(.intake)
                    try await check(id, platform, recordedBefore: before)
                    expectEachCalledOnce(platform)
                }
            }
        }

        /// Asked to stop, a service finishes what it has begun: unlike a kill, that costs no call and no webhook twice.
        @Test(arguments: ServiceName.allCases)
        func aServiceIsStoppedInTheMiddle(_ service: ServiceName) async throws {
            var options = options(killing: nil)
            let health = try FreePort.choose()
            options.variables[service, default: [:]]["WEIR_HEALTH_PORT"] = "\(health)"
            try await withPlatform(options) { platform in
                let readiness = "http://127.0.0.1:\(health)/readyz"
                try await eventually("the service ready") { try await platform.client.get(readiness).status == 200 }
                let id = try await submit(platform, holding: service)
                try await reachTheMiddle(of: service, id, platform)
                async let status = platform.terminate(service)
                // It may be gone already if nothing holds it up.
                try await eventually("the service stopping") {
                    (try? await platform.client.get(readiness).status) != 200
                }
                let before = try await RecordedCalls(platform)
                platform.api.gate.open()
                platform.webhooks.gate.open()
                // 0 only if everything ended within WEIR_SHUTDOWN_TIMEOUT.
                #expect(try await status == 0)
                try await platform.start(service)
                try await check(id, platform, recordedBefore: before)
                expectEachCalledOnce(platform)
                #expect(platform.webhooks.received.count == 1)
            }
        }

        @Test func postgresIsRestartedInTheMiddle() async throws {
            try await withPlatform(options(killing: nil)) { platform in
                let id = try await submit(platform, holding: .executor)
                try await reachTheMiddle(of: .executor, id, platform)
                try await platform.database.cluster.stop(.immediate)
                // Answers come while there is nowhere to put them.
                platform.api.gate.open()
                try await platform.database.cluster.start()
                let before = try await eventually("the database") { try await RecordedCalls(platform) }
                try await check(id, platform, recordedBefore: before)
                expectEachCalledOnce(platform)
            }
        }

        // MARK: The middle

        /// What the killed one held is free again after 2 s; an executor that lives shall keep its own on the busiest of machines.
        private func options(killing service: ServiceName?) -> Platform.Options {
            var options = Platform.Options(lease: "2s")
            if service != .executor { options.variables[.executor] = ["WEIR_LEASE": "15s"] }
            return options
        }

        private func submit(_ platform: Platform, holding service: ServiceName) async throws -> String {
            switch service {
            case .delivery: platform.webhooks.gate.close(after: 0)
            default: platform.api.gate.close(after: Self.callsBefore)
            }
            return try await platform.client.submit(Self.names)
        }

        private func reachTheMiddle(of service: ServiceName, _ id: String, _ platform: Platform) async throws {
            switch service {
            case .intake:
                // It is expanding the request, or has not begun to: 202 was all that was promised.
                break
            case .delivery:
                try await eventually("a webhook that is not answered yet") { platform.webhooks.gate.heldBack > 0 }
            case .processor:
                try await eventually("runs that are done") {
                    let request = try await platform.client.request(id)
                    return (request["runs"]?["done"]?.intValue ?? 0) > 0
                }
            case .bus, .executor, .scheduler:
                try await eventually("calls that are not answered yet") { platform.api.gate.heldBack > 0 }
                try await eventually("answers that are recorded") { try await !RecordedCalls(platform).calls.isEmpty }
            }
        }

        // MARK: Afterwards

        private func check(_ id: String, _ platform: Platform, recordedBefore: RecordedCalls) async throws {
            let request = try await platform.client.wait(for: id, toBe: "delivered")
            let count = Self.names.count
            #expect(request["runs"]?["total"]?.intValue == count && request["runs"]?["done"]?.intValue == count)
            try await eventually("no row that waits for anybody") {
                try await platform.database.unfinishedRows().isEmpty
            }
            try await checkRows(platform)
            try await recordedBefore.expectNoneTwice(of: Self.names, platform)

            let hooks = platform.webhooks.received
            #expect(Set(hooks.map(\.id)).count == 1 && hooks.allSatisfy { $0.fault == nil })
            let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
            #expect(lines.map { $0["object"]?.stringValue } == Self.names)
            #expect(lines.allSatisfy { $0["values"]?.objectValue?.count == 5 && $0["error"] == nil })
        }

        private func expectEachCalledOnce(_ platform: Platform) {
            let again = platform.api.calls.filter { $0.value != 1 }
            #expect(again.isEmpty)
        }

        private func checkRows(_ platform: Platform) async throws {
            let expected = [
                ("public.activity_request where state = 'delivered'", 1), ("public.object", Self.names.count),
                ("public.run_queue where state = 'done'", Self.names.count), ("public.run_result", Self.names.count),
                ("public.run_request where state = 'done'", Self.names.count), ("public.delivery", 1),
                ("public.value", 5 * Self.names.count),
                ("(select distinct object_id, datapoint_id from public.value) as v", 5 * Self.names.count),
            ]
            for (rows, number) in expected {
                let found = try await platform.database.value(Int.self, "select count(*) from \(rows)")
                #expect(found == number, "\(rows)")
            }
        }
    }
}
