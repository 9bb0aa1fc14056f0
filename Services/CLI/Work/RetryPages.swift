import Contracts
import JSON

/// The pages of one `weir retry`, one after the other.
struct RetryPages: Sendable {
    /// What was taken up so far.
    struct Tally: Sendable {
        var retried = 0
        var requests = 0
        /// Where the next page begins; nil after the last.
        var cursor: String?
    }

    /// What would be taken up.
    struct Preview: Sendable {
        /// How many runs there are of a kind.
        var groups: [RetryGroup: Int] = [:]
        /// Whether the request would go on making runs that it does not have yet.
        var makesRuns = false
    }

    let client: IntakeClient
    /// Whose runs are meant; nil: those that the question finds.
    let request: String?
    let question: JSONObject
    /// When the runs were made that are looked through; nil: nobody has said.
    let span: TimeSpan?
    let console: Console

    /// Takes runs up until the last page. A signal ends it between two pages, so that what was taken up is known.
    ///
    /// - Throws: ``CommandError`` after a signal, with the place from which to go on.
    func takeUp(from cursor: String?) async throws -> Tally {
        let tally = try await Interruption.cancelling { try await takeUpPages(from: cursor) }
        guard let tally else { throw CommandError("Interrupted") }
        guard let cursor = tally.cursor else { return tally }
        throw CommandError(
            "Interrupted; \(Quantity(tally.retried, "run")) \(tally.retried == 1 ? "was" : "were") taken up again",
            remedy: "Go on with the same command and --cursor \(cursor)")
    }

    private func takeUpPages(from cursor: String?) async throws -> Tally {
        var tally = Tally(cursor: cursor)
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        repeat {
            let page: RetriedPage
            do {
                page = try await ask(from: tally.cursor) { try RetriedPage($0) }
            } catch  where tally.retried > 0 {
                progress.finish()
                console.note(
                    "\(Quantity(tally.retried, "run")) taken up before this; go on with the same command and --cursor \(tally.cursor ?? "")"
                )
                throw error
            }
            tally.retried += page.retried
            tally.requests += page.requests
            tally.cursor = page.cursor
            progress.show(line("\(Quantity(tally.retried, "run")) taken up again", at: tally.cursor))
        } while tally.cursor != nil && !Task.isCancelled
        return tally
    }

    /// Looks through all pages without taking anything up.
    func preview(from cursor: String?) async throws -> Preview {
        var preview = Preview()
        var next = cursor
        let progress = ProgressLine(console: console)
        defer { progress.finish() }
        repeat {
            let page = try await ask(from: next) { try RetryPreviewPage($0) }
            preview.groups.merge(page.groups) { $0 + $1 }
            if page.makesRuns { preview.makesRuns = true }
            next = page.cursor
            progress.show(line("\(Quantity(preview.groups.values.reduce(0, +), "run")) found", at: next))
        } while next != nil
        return preview
    }

    /// Asks for one page.
    private func ask<Page: Sendable>(
        from cursor: String?, _ read: @escaping @Sendable (AnswerReader) throws -> Page
    ) async throws -> Page {
        var body = question
        body["cursor"] = cursor.map { .string($0) }
        let asked = body
        // In a task of its own: a page that was asked for is taken up, whether or not anybody waits for the answer.
        return try await Task { [client, request] in
            if let request {
                try read(await client.retry(request, asked))
            } else {
                try read(await client.retryRuns(asked))
            }
        }.value
    }

    /// How far a long one is: by the time at which the runs were made, since nobody has counted them.
    private func line(_ done: String, at cursor: String?) -> String {
        guard let cursor, let share = span?.share(at: cursor) else { return done }
        return "\(done), \(Int(share * 100)) % looked through"
    }
}
