import Contracts
import Messaging
import Store
import Testing

extension IntegrationTests {
    /// The scheduler without anybody whose work it could be: the state of the rows is all that it knows.
    @Suite("Sweeper")
    struct SweepTests {
        /// Each step is committed and nothing is said about it, as if whoever did it had died right then.
        @Test func whateverWaitsIsSaidAgainByTheScheduler() async throws {
            var options = Platform.Options()
            options.services = [.bus, .scheduler]
            let platform = try await Platform(options)
            do {
                for service in [ServiceName.bus, .scheduler] { try await platform.start(service) }
                let feed = try await Feed(of: platform)
                try await follow(StoredRequest(platform.database), feed)
                await feed.close()
            } catch {
                try? await platform.remove()
                throw error
            }
            try await platform.remove()
        }

        private func follow(_ request: StoredRequest, _ feed: Feed) async throws {
            func hear(_ topic: String, about key: String) async throws {
                try await eventually("\(topic) about \(key)") {
                    feed.events.contains { $0.type == topic && $0.subject == key }
                }
            }
            try await hear(Topic.requestAccepted, about: "\(request.id)")
            try await request.expand()
            try await hear(Topic.runReady, about: "\(request.source.org)/\(request.source.source)")
            try await request.recordAnswers()
            try await hear(Topic.answerRecorded, about: "answers")
            try await request.processAnswers()
            try await hear(Topic.runsClosed, about: "\(request.id)")
            try await request.collect()
            try await hear(Topic.requestCompleted, about: "deliveries")
            let topics = [
                Topic.requestAccepted, Topic.runReady, Topic.answerRecorded, Topic.runsClosed, Topic.requestCompleted,
            ]
            let first = topics.compactMap { topic in feed.events.firstIndex { $0.type == topic } }
            #expect(first == first.sorted(), "something was said before it was so")
        }
    }
}
