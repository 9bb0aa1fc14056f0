import Contracts
import Foundation
import JSON
import Store
import Testing

extension IntegrationTests {
    /// Runs whose source executors cannot use as it is stored.
    @Suite("Sources that cannot be used")
    struct UnusableSourceTests {
        /// As a newer version, or something that writes past the catalogue, could leave it.
        private static let spoiling = """
            update public.source
            set setup = setup || '{"timeout_seconds": "soon"}', version = version + 1 where key = 'registry'
            """
        private static let mending = """
            update public.source
            set setup = setup - 'timeout_seconds', version = version + 1 where key = 'registry'
            """

        /// - Parameter isKnown: whether the executor has worked for it before.
        @Test(arguments: [true, false])
        func runsThatAreReadySayWhyTheyWaitAndGoOnWhenItIsMended(isKnown: Bool) async throws {
            try await withPlatform { platform in
                if isKnown {
                    let first = try await platform.client.submit(["Abel"], activity: "quiet")
                    _ = try await platform.client.wait(for: first, toBe: "done")
                }
                try await platform.database.run(Self.spoiling)
                let id = try await platform.client.submit(["Bebel", "Cebel"], activity: "quiet")
                let waiting = try await eventually("the reason") {
                    try await platform.client.request(id)["waiting"]?.arrayValue?.first
                }
                #expect(waiting["substate"] == "source_unusable" && waiting["count"] == 2)
                #expect(waiting["objects"] == ["Bebel", "Cebel"])
                let reason = try #require(waiting["reason"]?.stringValue)
                #expect(reason.hasPrefix("its source registry cannot be used as it is stored"))
                #expect(reason.contains("timeout") && reason.hasSuffix("; apply its catalogue again"))
                #expect(
                    try await platform.database.column(
                        String.self, "select state || ' ' || attempt from public.run_queue where state <> 'done'")
                        == ["ready 0", "ready 0"])
                try await platform.database.run(Self.mending)
                #expect(try await platform.client.request(id)["waiting"] == [])
                _ = try await platform.client.wait(for: id, toBe: "done")
                try await eventually("the end of the note") {
                    try await platform.database.value(
                        Bool.self, "select unusable_reason is null from public.source where key = 'registry'")
                }
            }
        }

        @Test func runsThatAreReadySayThatTheirSourceIsPausedAndGoOnWhenItIsNot() async throws {
            try await withPlatform { platform in
                try await platform.database.run(
                    """
                    update public.source set paused_until = '2999-12-31 23:59:59+00', paused_reason = 'the quota is used up'
                    where key = 'registry'
                    """)
                let id = try await platform.client.submit(["Bebel", "Cebel"], activity: "quiet")
                let waiting = try await eventually("the reason") {
                    try await platform.client.request(id)["waiting"]?.arrayValue?.first { $0["count"] == 2 }
                }
                #expect(waiting["substate"] == "paused" && waiting["objects"] == ["Bebel", "Cebel"])
                #expect(
                    waiting["reason"]
                        == "its source registry is paused until 2999-12-31 23:59:59Z: the quota is used up")
                try await WeirProgram.with(
                    variables: ["WEIR_URL": platform.publicURL, "WEIR_API_KEY": platform.client.key ?? ""]
                ) { weir in
                    let status = try await weir.run("status", id)
                    #expect(status.output.contains("is paused until 2999-12-31"), "\(status)")
                }
                #expect(
                    try await platform.database.column(String.self, "select distinct state::text from public.run_queue")
                        == ["ready"])
                try await platform.database.run("update public.source set paused_until = now() where key = 'registry'")
                #expect(try await platform.client.request(id)["waiting"] == [])
                // One that has asked would come back at the end of the pause only.
                _ = try await platform.terminate(.executor)
                try await platform.start(.executor)
                _ = try await platform.client.wait(for: id, toBe: "done")
            }
        }

        @Test func theReasonIsThatOfAnExecutorThatLives() async throws {
            try await withPlatform { platform in
                try await platform.database.run(Self.spoiling)
                let id = try await platform.client.submit(["Abel"], activity: "quiet")
                try await eventually("the reason") {
                    try await platform.client.request(id)["waiting"]?.arrayValue?.isEmpty == false
                }
                _ = try await platform.terminate(.executor)
                #expect(try await platform.client.request(id)["waiting"] == [])
                // As a newer executor would, another one can use what is stored.
                try await platform.database.run(
                    "update public.source set setup = setup - 'timeout_seconds' where key = 'registry'")
                try await platform.start(.executor)
                _ = try await platform.client.wait(for: id, toBe: "done")
                #expect(
                    try await platform.database.value(
                        Bool.self, "select unusable_reason is null from public.source where key = 'registry'"))
            }
        }

        @Test func theReasonIsWrittenOnceWhoeverLooksHowOften() async throws {
            let database = try await TestDatabase.make()
            let request = try await StoredRequest(database)
            let sources = SourceStore(pool: database.pool)
            let (id, worker) = (request.source.source, request.worker)
            let source = try #require(try await sources.definition(of: id))
            try await sources.noteUnusable(source, because: "a", worker: worker)
            let written = try await note(database)
            #expect(written.hasSuffix(" a"))
            try await sources.noteUnusable(source, because: "a", worker: worker)
            try await sources.noteUnusable(source, because: "a", worker: WorkerID(UUID()))
            #expect(try await note(database) == written)
            // Another version of it is another matter, and so is one that has changed since it was read.
            try await database.run("update public.source set version = version + 1")
            try await sources.noteUnusable(source, because: "b", worker: worker)
            #expect(try await note(database).hasSuffix(" a"))
            let changed = try #require(try await sources.definition(of: id))
            #expect(!source.isNotedUnusable && changed.isNotedUnusable)
            try await sources.noteUnusable(changed, because: "a", worker: worker)
            #expect(
                try await database.value(
                    Bool.self, "select unusable_version = version from public.source where unusable_reason is not null")
            )
            // Nobody vouches for what a worker said that is no more.
            let other = WorkerID(UUID())
            _ = try await WorkerStore(pool: database.pool).end(worker, reason: "test")
            try await sources.noteUnusable(changed, because: "a", worker: other)
            #expect(
                try await database.value(
                    WorkerID.self, "select unusable_by from public.source where unusable_reason = 'a'")
                    == other)
            try await sources.noteUsable(changed)
            #expect(try await note(database) == "")
            try await database.remove()
        }

        /// The reason, behind the version of the row that holds it.
        private func note(_ database: TestDatabase) async throws -> String {
            try await database.column(
                String.self,
                "select xmin || ' ' || unusable_reason from public.source where unusable_reason is not null"
            ).first ?? ""
        }
    }
}
