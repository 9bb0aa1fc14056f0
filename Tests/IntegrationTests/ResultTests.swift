import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// Collected results as clients fetch them: whole, by range and by page.
    @Suite("Results")
    struct ResultTests {
        /// A request that is over, with a fabricated result.
        private func withResult(
            objects: Int = 1_000, chunkObjects: Int = 10, noteBytes: Int = 100,
            _ body: (Platform, FabricatedResult) async throws -> Void
        ) async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel"])
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                try await body(
                    platform,
                    try await FabricatedResult(
                        of: id, objects: objects, chunkObjects: chunkObjects, noteBytes: noteBytes,
                        in: platform.database))
            }
        }

        private func path(_ id: String, _ query: String = "format=ndjson") -> String {
            "\(IntakeClient.requests)/\(id)/result?\(query)"
        }

        @Test func rangesAreTheBytesOfTheWhole() async throws {
            try await withResult { platform, result in
                let path = path(result.id)
                let whole = try await platform.client.get(path)
                #expect(whole.status == 200 && FabricatedResult.hash(whole.body) == result.hash)
                #expect(whole.header("accept-ranges") == "bytes" && whole.header("content-length") == "\(result.bytes)")
                let tag = try #require(whole.header("etag"))
                var random = SplitMix64(seed: 5)
                let ends = (0..<20).map { _ in Int.random(in: 0..<result.bytes, using: &random) }
                var ranges = zip(ends, ends.dropFirst()).map { min($0, $1)...max($0, $1) }
                ranges += [0...0, 0...(result.bytes - 1), (result.bytes - 1)...(result.bytes - 1)]
                for range in ranges {
                    let part = try await platform.client.get(
                        path, headers: [("range", "bytes=\(range.lowerBound)-\(range.upperBound)")])
                    #expect(part.status == 206 && part.body == Array(whole.body[range]), "\(range)")
                    #expect(
                        part.header("content-range") == "bytes \(range.lowerBound)-\(range.upperBound)/\(result.bytes)")
                    #expect(part.header("etag") == tag)
                }
                for (range, expected) in [("500-", whole.body[500...]), ("-77", whole.body.suffix(77))] {
                    let part = try await platform.client.get(path, headers: [("range", "bytes=\(range)")])
                    #expect(part.status == 206 && part.body == Array(expected), "\(range)")
                }
                let behind = try await platform.client.get(path, headers: [("range", "bytes=\(result.bytes)-")])
                #expect(behind.status == 416 && behind.header("content-range") == "bytes */\(result.bytes)")
                #expect(behind.code == "range_not_satisfiable")
                for ignored in ["bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=x-", "nonsense"] {
                    let answer = try await platform.client.get(path, headers: [("range", ignored)])
                    #expect(answer.status == 200 && answer.body == whole.body, "\(ignored)")
                }
            }
        }

        @Test func aRangeOfAnotherResultIsNotGiven() async throws {
            try await withResult { platform, result in
                let path = path(result.id)
                let range = ("range", "bytes=10-19")
                let tag = try #require(try await platform.client.get(path, headers: [range]).header("etag"))
                for (headers, status) in [
                    ([range, ("if-range", tag)], 206), ([range, ("if-range", "\"0-ndjson\"")], 200),
                    ([range, ("if-match", tag)], 206), ([range, ("if-match", "\"0-ndjson\", \(tag)")], 206),
                    ([range, ("if-match", "*")], 206), ([range, ("if-match", "\"0-ndjson\"")], 412),
                ] {
                    let answer = try await platform.client.get(path, headers: headers)
                    #expect(answer.status == status, "\(headers)")
                    if status == 412 { #expect(answer.code == "result_changed") }
                    if status == 200 { #expect(answer.body.count == result.bytes) }
                }
            }
        }

        @Test func withProvenanceThereAreNoRangesAndARangeIsPassedOver() async throws {
            try await withResult { platform, result in
                let path = path(result.id, "format=ndjson&provenance=true")
                let whole = try await platform.client.get(path)
                #expect(whole.status == 200 && whole.header("accept-ranges") == "none")
                let ranged = try await platform.client.get(path, headers: [("range", "bytes=10-19")])
                #expect(ranged.status == 200 && ranged.header("content-range") == nil && ranged.body == whole.body)
            }
        }

        @Test func pagesAreTheLinesOfTheWhole() async throws {
            try await withResult { platform, result in
                let whole = try await platform.client.get(path(result.id))
                var next: String? = path(result.id, "limit=33&format=ndjson&provenance=false")
                var lines: [UInt8] = []
                var pages = 0
                while let target = next {
                    let page = try await platform.client.get(target)
                    #expect(page.status == 200 && page.lines.count == (pages < 30 ? 33 : 10))
                    lines += page.body
                    pages += 1
                    next = page.header("link").flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
                }
                #expect(pages == 31 && lines == whole.body)

                var elements: [JSONValue] = []
                var cursor = ""
                repeat {
                    let page = try await platform.client.get(path(result.id, "limit=400" + cursor)).json
                    elements += page["objects"]?.arrayValue ?? []
                    cursor = page["cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(elements == whole.lines)
                let json = try await platform.client.get(path(result.id, "format=json"))
                #expect(json.json["objects"]?.arrayValue == whole.lines && json.json["id"] == .string(result.id))

                let end = try await platform.client.get(path(result.id, "cursor=1-\(result.bytes)"))
                #expect(end.json == ["id": .string(result.id), "objects": [], "cursor": .null])
                for bad in [
                    "cursor=1-7", "cursor=1-\(result.bytes + 1)", "cursor=x", "limit=0", "limit=10001", "round=x",
                    "provenance=yes",
                ] {
                    let answer = try await platform.client.get(path(result.id, bad))
                    #expect(answer.status == 422 && answer.code == "invalid_request", "\(bad): \(answer.json)")
                    let name = bad.split(separator: "=")[0]
                    #expect(answer.json["errors"]?[0]?["path"] == .string("?\(name)"), "\(bad)")
                }
                let other = try await platform.client.get(path(result.id, "cursor=2-0"))
                #expect(other.status == 410 && other.code == "result_replaced")
            }
        }

        @Test func aPageOfLargeValuesHoldsFewerObjects() async throws {
            try await withResult(objects: 40, noteBytes: 200_000) { platform, result in
                let page = try await platform.client.get(path(result.id, "format=ndjson&limit=1000"))
                #expect(page.lines.count == 6 && page.body.count > 1 << 20 && page.header("link") != nil)
            }
        }

        @Test func curlGoesOnWhereTheConnectionBroke() async throws {
            try await withResult(objects: 20_000, chunkObjects: 1_000) { platform, result in
                let proxy = try CuttingProxy(upstream: platform.port, cuttingAfter: [0, 400_000, 1_000_000, 70_000])
                try await Curl.with { curl in
                    let file = curl.file("result.ndjson")
                    let key = "authorization: Bearer \(platform.client.key ?? "")"
                    var endings: [Int32?] = []
                    while endings.last != 0, endings.count < 10 {
                        let ending = try await curl.run(
                            "--continue-at", "-", "--output", file.path, "--fail", "--header", key,
                            proxy.url + path(result.id))
                        endings.append(ending.status)
                    }
                    #expect(endings.count == 5 && proxy.connections == 5)
                    #expect(try FabricatedResult.hash(file) == result.hash)
                }
                await proxy.stop()
            }
        }

        @Test func theResultOfAnEarlierRoundIsNeitherGivenNorMixedWithTheNewOne() async throws {
            try await withPlatform { platform in
                platform.api.lengthenNotes(to: 2_000)
                platform.api.script("lost", [.status(404)])
                let names = (0..<150).map { "object \($0)" } + ["lost"]
                let id = try await platform.client.submit(names)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let old = try #require(platform.webhooks.received.first?.body["data"]?["result_url"]?.stringValue)
                var anybody = platform.client
                anybody.key = nil
                let first = try await anybody.get(old)
                #expect(first.status == 200 && first.lines.last?["error"] != nil)
                let tag = try #require(first.header("etag"))

                platform.api.script("lost", [.status(404), .json(StubAPI.answer("lost"))])
                platform.api.gate.close(after: 0)
                _ = try await platform.client.post([:], to: "\(IntakeClient.requests)/\(id)/retry")
                // While the new round is under way …
                let meanwhile = try await platform.client.get(path(id))
                #expect(meanwhile.status == 409 && meanwhile.code == "result_not_ready")
                #expect(meanwhile.json["detail"]?.stringValue?.contains("was taken up again") == true)
                let held = try await anybody.get(old)
                #expect(held.status == 410 && held.code == "result_replaced")
                platform.api.gate.open()
                // … and when it has ended.
                let new = try await eventually("the link of the new round") {
                    platform.webhooks.received.dropFirst().first?.body["data"]?["result_url"]?.stringValue
                }
                let replaced = try await anybody.get(old, headers: [("range", "bytes=1000-")])
                #expect(replaced.status == 410 && replaced.code == "result_replaced")
                let second = try await anybody.get(new, headers: [("range", "bytes=0-"), ("if-range", tag)])
                #expect(second.status == 200 && second.lines.last?["error"] == nil && second.lines.count == 151)
                #expect(second.header("etag") != tag && new.contains("round=2"))
                let changed = try await platform.client.get(path(id), headers: [("if-match", tag)])
                #expect(changed.status == 412)
                let forged = try await anybody.get(old.replacing("round=1", with: "round=2"))
                #expect(forged.status == 403 && forged.code == "link_not_valid")
                let newest = try await platform.client.get(path(id, "round=2&format=ndjson"))
                #expect(newest.status == 200 && newest.body == second.body)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
            }
        }

        @Test func aDownloadBreaksOffWhenItsResultIsReplaced() async throws {
            try await withResult(objects: 200_000, chunkObjects: 1_000, noteBytes: 250) { platform, result in
                try await Curl.with { curl in
                    let file = curl.file("result.ndjson")
                    let download = curl.process([
                        "--limit-rate", "5M", "--output", file.path, "--header",
                        "authorization: Bearer \(platform.client.key ?? "")", platform.publicURL + path(result.id),
                    ])
                    try await download.start()
                    try await eventually("the beginning of the result") {
                        (try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) ?? 0 > 1 << 20
                    }
                    _ = try await platform.database.column(
                        Int32.self,
                        """
                        update public.activity_request set state = 'in_progress', state_substate = null, round = round + 1
                        where id = $1::text::uuid returning 1
                        """, result.id)
                    let status = await download.exitStatus()
                    #expect(status == 18, "the client is told that it has not got all")
                    let size = try #require(try file.resourceValues(forKeys: [.fileSizeKey]).fileSize)
                    #expect(size < result.bytes)
                }
                try await eventually("the second delivery") { platform.webhooks.received.count == 2 }
                _ = try await platform.client.wait(for: result.id, toBe: "delivered")
            }
        }

        @Test func aMillionObjectsAreStreamedWithFlatMemory() async throws {
            try await withResult(objects: 1_000_000, chunkObjects: 2_000, noteBytes: 40) { platform, result in
                let key = "authorization: Bearer \(platform.client.key ?? "")"
                let before = try platform.peakMemory(of: .intake)
                try await Curl.with { curl in
                    let file = curl.file("result.ndjson")
                    let ending = try await curl.run(
                        "--fail", "--output", file.path, "--header", key, platform.publicURL + path(result.id))
                    #expect(ending.status == 0, "\(ending)")
                    #expect(try FabricatedResult.hash(file) == result.hash)
                }
                let range = try await platform.client.get(
                    path(result.id), headers: [("range", "bytes=\(result.bytes - 30)-")])
                #expect(range.status == 206 && range.body.count == 30)
                let growth = try platform.peakMemory(of: .intake) - before
                #expect(result.bytes > 80 << 20)
                #expect(growth < 24 << 20, "intake grew by \(growth) bytes for a result of \(result.bytes)")
            }
        }
    }
}
