import Exchanges
import Foundation
import JSON
import Postgres
import Sources
import Store
import Synchronization
import Testing

@Suite("Access tokens")
struct TokenTests {
    /// An API that gives tokens `t1`, `t2`, … and lets in whoever has one that is good.
    private final class TokenAPI: Sendable {
        struct State {
            var given = 0
            var good: Set<String> = []
            var isDown = false
            var fetching = 0
            var fetchingMax = 0
        }

        let state = Mutex(State())
        let members: String
        /// How long a token takes, so that others come meanwhile.
        let delay: Duration

        init(members: String = #","expires_in":3600"#, delay: Duration = .zero) {
            self.members = members
            self.delay = delay
        }

        var given: Int { state.withLock { $0.given } }

        /// From now on none of the tokens that were given is good.
        func revoke() {
            state.withLock { $0.good = [] }
        }

        func reply(_ request: APIServer.Request) -> APIServer.Reply? {
            guard request.path == "/token" else {
                let token = request.headers["authorization"]?.split(separator: " ").last.map(String.init) ?? ""
                return state.withLock { $0.good.contains(token) } ? .json("{}") : .status(401, "not \(token)")
            }
            let isDown = state.withLock { state in
                state.fetching += 1
                state.fetchingMax = max(state.fetchingMax, state.fetching)
                return state.isDown
            }
            // Others ask while this one is answered, or two at once would never be seen.
            usleep(useconds_t(delay / .microseconds(1)))
            return state.withLock { state in
                state.fetching -= 1
                if isDown { return .status(503, #"{"error":"busy"}"#) }
                state.given += 1
                state.good.insert("s3cret-t\(state.given)")
                return .json(#"{"access_token":"s3cret-t\#(state.given)","token_type":"bearer"\#(members)}"#)
            }
        }
    }

    @Test func aTokenIsFetchedOnceAndSentWithEveryCall() async throws {
        let api = TokenAPI()
        try await withAPI(api.reply) { fixture in
            let client = try fixture.client(
                fixture.credentials(
                    scope: "read all", parameters: [.init(name: "audience", value: "https://a/<<$secret.KEY>>")]))
            for _ in 0..<3 { #expect(await client.run().text == "{}") }
            #expect(api.given == 1)
            let request = try #require(fixture.api.requests(to: "/token").first)
            #expect(
                request.headers["authorization"] == "Basic "
                    + Data("s3cret%20id:s3cret%26client".utf8).base64EncodedString())
            #expect(request.method == "POST" && request.headers["content-type"] == "application/x-www-form-urlencoded")
            #expect(
                request.text
                    == "grant_type=client_credentials&scope=read%20all&audience=https%3A%2F%2Fa%2Fs3cret%2Fkey%2B1")
        }
    }

    @Test func theClientMayProveItselfInTheForm() async throws {
        let api = TokenAPI()
        try await withAPI(api.reply) { fixture in
            #expect(try await fixture.client(fixture.credentials(.body)).run().text == "{}")
            let request = try #require(fixture.api.requests(to: "/token").first)
            #expect(request.headers["authorization"] == nil)
            #expect(request.text == "grant_type=client_credentials&client_id=s3cret%20id&client_secret=s3cret%26client")
        }
    }

    @Test func callsForTokensAreLoggedByWhoMadeThem() async throws {
        let api = TokenAPI()
        try await withAPI(api.reply) { fixture in
            let client = try fixture.client(fixture.credentials())
            let first = await client.run().calls
            #expect(first.map(\.method) == ["POST", "GET"] && first.map(\.status) == [200, 200])
            #expect(await client.run().calls.map(\.method) == ["GET"])
        }
    }

    @Test func aTokenThatHasExpiredIsFetchedAnew() async throws {
        let api = TokenAPI(members: #","expires_in":0"#)
        try await withAPI(api.reply) { fixture in
            let client = try fixture.client(fixture.credentials())
            for _ in 0..<3 { #expect(await client.run().text == "{}") }
            #expect(api.given == 3)
        }
    }

    @Test func aRevokedTokenIsReplacedWithinTheCall() async throws {
        let api = TokenAPI()
        try await withAPI(api.reply) { fixture in
            let client = try fixture.client(fixture.credentials())
            #expect(await client.run().text == "{}")
            api.revoke()
            let outcome = await client.run()
            #expect(outcome.text == "{}" && api.given == 2)
            #expect(outcome.calls.map(\.status) == [401, 200, 200])
            #expect(outcome.calls[0].error?.hasSuffix("new credentials are fetched") == true)
        }
    }

    @Test func aRefusalThatStaysFails() async throws {
        try await withAPI({ request in
            request.path == "/token" ? .json(#"{"access_token":"s3cret-t"}"#) : .status(401, "no s3cret-t")
        }) { fixture in
            let failure = try #require(try await fixture.client(fixture.credentials()).run().failure)
            #expect(failure.kind == .fail && failure.substate == "http_401")
            #expect(failure.calls.last?.answer == "no ***")
            #expect(failure.reason.hasSuffix("also with credentials that were fetched anew"))
            #expect(fixture.api.requests(to: "/token").count == 2)
        }
    }

    @Test(arguments: [
        (400, #"{"error":"invalid_client"}"#, ExchangeFailure.Kind.fail, "token_refused"),
        (401, "", .fail, "token_refused"), (200, "{}", .fail, "token_refused"),
        (500, "", .retry(after: nil), "token_unavailable"), (429, "", .retry(after: nil), "token_unavailable"),
    ])
    func anAuthorizationServerThatGivesNoneIsTheReason(
        _ status: Int, _ body: String, _ kind: ExchangeFailure.Kind, _ substate: String
    ) async throws {
        try await withAPI({ $0.path == "/token" ? .status(status, body) : .json("{}") }) { fixture in
            let failure = try #require(try await fixture.client(fixture.credentials()).run().failure)
            #expect(failure.kind == kind && failure.substate == substate && !failure.mayHaveBeenSent)
            #expect(failure.reason.contains("authorization server"))
            #expect(fixture.api.requests.count == 1 && failure.calls.map(\.status) == [status])
        }
    }

    @Test func whoeverIsRefusedDoesNotTryAgainForEachRun() async throws {
        try await withAPI({ $0.path == "/token" ? .status(401, #"{"error":"invalid_client"}"#) : .json("{}") }) {
            fixture in
            let client = try fixture.client(fixture.credentials())
            for _ in 0..<5 { #expect(await client.run().failure?.substate == "token_refused") }
            #expect(fixture.api.requests.count == 1)
        }
    }

    @Test func anAuthorizationServerThatIsAwayIsARetry() async throws {
        try await withAPI({ $0.path == "/token" ? nil : .json("{}") }) { fixture in
            let failure = try #require(try await fixture.client(fixture.credentials()).run().failure)
            #expect(failure.kind == .retry(after: nil) && failure.substate == "token_unavailable")
        }
    }

    @Test func manyExchangesOfOneProcessShareOneCall() async throws {
        let api = TokenAPI(delay: .milliseconds(50))
        try await withAPI(api.reply) { fixture in
            let client = try fixture.client(fixture.credentials())
            try await runAll([SourceClient](repeating: client, count: 20))
            #expect(api.given == 1)
        }
    }

    /// Some APIs answer 401 for what one may not see.
    @Test func objectsThatAreRefusedCostNoToken() async throws {
        let api = TokenAPI()
        try await withAPI({ $0.path.hasPrefix("/things/secret") ? .status(401) : api.reply($0) }) { fixture in
            let client = try fixture.client(fixture.credentials())
            #expect(await client.run().text == "{}")
            // A new one might have helped.
            #expect(await client.run("secret1").failure?.kind == .fail)
            #expect(api.given == 2)
            for object in ["secret2", "secret3", "secret4"] {
                let failure = try #require(await client.run(object).failure)
                guard case .retry(let after?) = failure.kind else {
                    Issue.record("\(failure)")
                    continue
                }
                #expect(after > .seconds(30) && after <= .seconds(60))
                #expect(failure.reason.hasSuffix("new ones did not help another call a moment ago"))
            }
            #expect(await client.run().text == "{}")
            #expect(api.given == 2)
        }
    }

    @Test func aTokenThatOthersUseMeanwhileIsNotThrownAway() async throws {
        let api = TokenAPI()
        let (arrivals, asked) = ([Gate(), Gate()], Counter())
        let release = DispatchSemaphore(value: 0)
        try await withAPI({ request in
            guard request.path == "/things/secret" else { return api.reply(request) }
            arrivals[asked.next()].open()
            release.wait()
            return .status(401)
        }) { fixture in
            let client = try fixture.client(fixture.credentials())
            async let secret = client.run("secret")
            // Once more, since the token might have been revoked between the two.
            for arrival in arrivals {
                await arrival.wait()
                #expect(await client.run().text == "{}")
                release.signal()
            }
            let outcome = await secret
            let failure = try #require(outcome.failure)
            #expect(failure.kind == .fail && failure.reason.hasSuffix("for other calls"))
            #expect(outcome.calls.compactMap(\.status) == [200, 401, 401] && api.given == 1)
        }
    }

    /// The one that was sent first is answered last, and everything is refused from then on.
    @Test func aTokenThatIsRevokedWhileOthersUseItIsReplacedWithinTheCall() async throws {
        let api = TokenAPI()
        let (arrived, asked) = (Gate(), Counter())
        let release = DispatchSemaphore(value: 0)
        try await withAPI({ request in
            if request.path == "/things/slow", asked.next() == 0 {
                arrived.open()
                release.wait()
            }
            return api.reply(request)
        }) { fixture in
            let client = try fixture.client(fixture.credentials())
            async let slow = client.run("slow")
            await arrived.wait()
            #expect(await client.run().text == "{}")
            api.revoke()
            release.signal()
            let outcome = await slow
            #expect(outcome.text == "{}" && api.given == 2, "\(outcome)")
        }
    }

    /// Between refusing a token and throwing it away others look for one: what they find is not taken for a new one.
    @Test func whoIsRefusedNeverGetsTheSameTokenAgain() async throws {
        let api = TokenAPI()
        let arrived = Gate()
        let release = DispatchSemaphore(value: 0)
        try await withAPI({ request in
            if request.path == "/things/slow" {
                arrived.open()
                release.wait()
            }
            return api.reply(request)
        }) { fixture in
            let store = SlowStore()
            let client = try fixture.client(fixture.credentials(), tokens: store)
            #expect(await client.run().text == "{}")
            api.revoke()
            async let first = client.run()
            await store.isInvalidating.wait()
            async let slow = client.run("slow")
            await arrived.wait()
            store.mayInvalidate.open()
            let outcome = await first
            release.signal()
            #expect(outcome.text == "{}", "\(outcome)")
            // Its second call waits as well.
            release.signal()
            #expect(await slow.text == "{}")
            #expect(api.given == 2)
        }
    }

    // MARK: Several executors

    @Test func twoExecutorsNeverFetchAtOnceAndShareWhatTheyGet() async throws {
        try await TokenDatabase.use { database in
            let api = TokenAPI(delay: .milliseconds(50))
            try await withAPI(api.reply) { fixture in
                let clients = try (0..<4).map { _ in try fixture.client(fixture.credentials(), tokens: database.store) }
                for round in 1...3 {
                    try await runAll(clients + clients + clients)
                    #expect(api.given == round)
                    api.revoke()
                }
                #expect(api.state.withLock { $0.fetchingMax } == 1)
            }
        }
    }

    @Test func whoComesLateErasesNoGoodToken() async throws {
        try await TokenDatabase.use { database in
            let api = TokenAPI()
            try await withAPI(api.reply) { fixture in
                let early = try fixture.client(fixture.credentials(), tokens: database.store)
                let late = try fixture.client(fixture.credentials(), tokens: database.store)
                #expect(await early.run().text == "{}")
                #expect(await late.run().text == "{}")
                #expect(api.given == 1)
                api.revoke()
                #expect(await early.run().text == "{}")
                // It still has the old one, is refused, and finds the new one.
                let outcome = await late.run()
                #expect(outcome.text == "{}" && outcome.calls.map(\.status) == [401, 200])
                #expect(await early.run().calls.map(\.status) == [200])
                #expect(api.given == 2)
            }
        }
    }

    @Test func aFetchThatFailsIsGivenBackAtOnce() async throws {
        try await TokenDatabase.use { database in
            let api = TokenAPI()
            try await withAPI(api.reply) { fixture in
                let one = try fixture.client(fixture.credentials(), tokens: database.store)
                let other = try fixture.client(fixture.credentials(), tokens: database.store)
                api.state.withLock { $0.isDown = true }
                #expect(await one.run().failure?.substate == "token_unavailable")
                api.state.withLock { $0.isDown = false }
                #expect(await other.run().text == "{}")
            }
        }
    }

    @Test func aClaimOfADeadExecutorIsTakenOver() async throws {
        try await TokenDatabase.use { database in
            let credentials = ClientCredentials(tokenURL: "https://a/", clientID: "i", clientSecret: "s")
            let token = AccessToken(text: "late", life: .seconds(60))
            let claim = try #require(try await database.store.turn(for: credentials, claimLife: .seconds(60)).claim)
            #expect(try await database.store.turn(for: credentials, claimLife: .seconds(60)) == .wait)
            try await database.run("update public.source_token set claimed_until = clock_timestamp()")
            let next = try #require(try await database.store.turn(for: credentials, claimLife: .seconds(60)).claim)
            // It was not dead but slow: what it gives back is not the other's, and what it brings does not replace what the other brings.
            try await database.store.release(claim)
            #expect(try await database.store.turn(for: credentials, claimLife: .seconds(60)) == .wait)
            let unkept = try await database.store.keep(token, fetchedWith: credentials, under: claim)
            #expect(unkept.generation == 0)
            let kept = try await database.store.keep(
                AccessToken(text: "good", life: .seconds(60)), fetchedWith: credentials, under: next)
            #expect(kept.generation == 1)
            try await database.store.invalidate(unkept)
            #expect(try await database.store.turn(for: credentials, claimLife: .seconds(60)).token?.text == "good")
        }
    }

    /// Between its look and its claim another one has fetched a token.
    @Test(.timeLimit(.minutes(10))) func whoSeesAnOldTokenIsNotTheNextToFetchOne() async throws {
        try await TokenDatabase.use { database in
            let credentials = ClientCredentials(tokenURL: "https://a/", clientID: "i", clientSecret: "s")
            let store = database.store
            let claim = try #require(try await store.turn(for: credentials, claimLife: .seconds(60)).claim)
            try await store.invalidate(
                try await store.keep(
                    AccessToken(text: "old", life: .seconds(60)), fetchedWith: credentials, under: claim))
            let late = try await database.pool.transaction { other in
                try await other.script("update public.source_token set generation = generation + 1")
                let late = Task { try await store.turn(for: credentials, claimLife: .seconds(60)) }
                // Another session waits for a lock, of which Postgres sends no word; the test's own time limit bounds it.
                while try await !database.isSomebodyWaiting() { try await Task.sleep(for: .milliseconds(5)) }
                return late
            }
            #expect(try await late.value == .wait)
        }
    }

    @Test(arguments: ["memory", "Postgres"])
    func bothStoresKeepTheirWord(_ kind: String) async throws {
        try await TokenDatabase.use { database in
            let store: any TokenStore = kind == "memory" ? InMemoryTokenStore() : database.store
            var credentials = ClientCredentials(tokenURL: "https://a/", clientID: "i", clientSecret: "s", scope: "read")
            func turn() async throws -> TokenTurn {
                try await store.turn(for: credentials, claimLife: .seconds(60))
            }
            let first = try #require(try await turn().claim)
            #expect(try await turn() == .wait)
            try await store.release(first)
            let second = try #require(try await turn().claim)
            let kept = try await store.keep(
                AccessToken(text: "one", life: .seconds(60)), fetchedWith: credentials, under: second)
            #expect(kept.generation == 1)
            let found = try #require(try await turn().token)
            #expect(found.text == "one" && found.generation == 1 && found.life <= .seconds(60) && found.life > .zero)
            // An older one, and one that nobody keeps, are not this one.
            try await store.invalidate(AccessToken(text: "zero", life: .zero, generation: 0))
            #expect(try await turn().token?.text == "one")
            // What was fetched for another scope or with another secret is of no use.
            credentials.scope = "write"
            try await store.release(try #require(try await turn().claim))
            credentials.scope = "read"
            #expect(try await turn().token?.text == "one")
            credentials.clientSecret = "new"
            try await store.release(try #require(try await turn().claim))
            credentials.clientSecret = "s"
            try await store.invalidate(kept)
            #expect(try await turn().claim != nil)
        }
    }

    @Test func theDatabaseDoesNotShowTheToken() async throws {
        try await TokenDatabase.use { database in
            let credentials = ClientCredentials(tokenURL: "https://a/", clientID: "i", clientSecret: "s")
            let claim = try #require(try await database.store.turn(for: credentials, claimLife: .seconds(60)).claim)
            _ = try await database.store.keep(
                AccessToken(text: "s3cret-token", life: .seconds(60)), fetchedWith: credentials, under: claim)
            #expect(try await database.row().contains("s3cret") == false)
            // Moved to another generation, it does not open.
            try await database.run("update public.source_token set generation = generation + 1")
            #expect(try await database.store.turn(for: credentials, claimLife: .seconds(60)).claim != nil)
        }
    }

    private func runAll(_ clients: [SourceClient]) async throws {
        let texts = await withTaskGroup(of: String?.self, returning: [String?].self) { group in
            for client in clients { group.addTask { await client.run().text } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(texts == [String?](repeating: "{}", count: clients.count))
    }
}

extension TokenTurn {
    fileprivate var token: AccessToken? { if case .token(let token) = self { token } else { nil } }
    fileprivate var claim: TokenClaim? { if case .fetch(let claim) = self { claim } else { nil } }
}
