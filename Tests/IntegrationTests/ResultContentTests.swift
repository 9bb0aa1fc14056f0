import JSON
import Testing

extension IntegrationTests {
    /// What stands in results, and where it comes from.
    @Suite("Contents of results")
    struct ResultContentTests {
        /// Requests of several kinds that are over, by their activity: found by two sources, qualified, with failures and notes.
        private func finishedRequests(_ platform: Platform) async throws -> [String: String] {
            let companies = (0..<30).map { StubAPI.Company(name: "company \($0)", employees: $0 * 7) }
            platform.api.found(companies)
            platform.api.found(
                (20..<50).map { StubAPI.Company(name: "company \($0)", employees: 1_000, industry: "dams") },
                at: "/find/again")
            platform.api.script("lost", [.status(404)])
            platform.api.script(
                "odd", [.json(#"{"data":{"name":"odd","profile":{"employees":"many","note":"é\u2028\""}}}"#)])
            var ids: [String: String] = [:]
            for (activity, objects) in [
                ("find_twice", nil), ("qualify", nil), ("qualify_known", ["Abel", "lost"]),
                ("enrich", ["Bebel", "lost", "odd", "Ümläut \"& Söhne\\/AG?", "Abel"]),
            ] as [(String, [String]?)] {
                var body: JSONObject = ["activity": .string(activity)]
                if let objects { body["objects"] = .array(objects.map { .string($0) }) }
                if activity == "find_twice" || activity == "qualify" { body["input"] = ["query": "weirs"] }
                let answer = try await platform.client.post(.object(body), to: IntakeClient.requests)
                ids[activity] = try #require(answer.json["id"]?.stringValue, "\(activity): \(answer.json)")
            }
            for (activity, id) in ids { try await result(id, round: 1, platform, activity) }
            return ids
        }

        private func path(_ id: String, _ query: String) -> String { "\(IntakeClient.requests)/\(id)/result?\(query)" }

        /// Waits for the result of a round.
        private func result(_ id: String, round: Int, _ platform: Platform, _ what: String) async throws {
            try await eventually("the result of \(what), round \(round)") {
                try await platform.client.get(path(id, "round=\(round)")).status == 200
            }
        }

        @Test func theSameRequestHasTheSameBytesHoweverOftenItIsCollected() async throws {
            var options = Platform.Options()
            options.counts[.processor] = 2
            try await withPlatform(options) { platform in
                let ids = try await finishedRequests(platform)
                let forms = ["format=ndjson", "format=json", "format=ndjson&provenance=true"]
                var bodies: [String: [UInt8]] = [:]
                for (activity, id) in ids {
                    for form in forms {
                        bodies[activity + form] = try await platform.client.get(path(id, form)).body
                    }
                }
                for round in 2...5 {
                    // A delivery marks its request when it has got through, and another round must not come before it has.
                    for (activity, id) in ids where ["qualify", "enrich"].contains(activity) {
                        _ = try await platform.client.wait(for: id, toBe: "delivered")
                    }
                    let reopened = try await platform.database.column(
                        Int32.self,
                        """
                        update public.activity_request set state = 'in_progress', state_substate = null, state_reason = null, round = round + 1
                        where state in ('done', 'delivered') returning round
                        """)
                    #expect(reopened.count == ids.count)
                    for (activity, id) in ids {
                        try await result(id, round: round, platform, activity)
                        for form in forms {
                            let body = try await platform.client.get(path(id, form)).body
                            #expect(
                                body == bodies[activity + form] && !body.isEmpty, "\(activity), \(form), round \(round)"
                            )
                        }
                    }
                }
                for (activity, id) in ids where ["qualify", "enrich"].contains(activity) {
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                }
            }
        }

        @Test func provenanceNamesTheSourceTheRunAndTheTimeOfEachValue() async throws {
            try await withPlatform { platform in
                let ids = try await finishedRequests(platform)
                var sources: Set<String> = []
                for (activity, id) in ids {
                    let plain = try await platform.client.get(path(id, "format=ndjson"))
                    let full = try await platform.client.get(path(id, "format=ndjson&provenance=true"))
                    #expect(full.header("accept-ranges") == "none" && full.header("etag") != plain.header("etag"))
                    #expect(full.lines.map { without("provenance", $0) } == plain.lines, "\(activity)")
                    for line in full.lines {
                        let values = try #require(line["values"]?.objectValue)
                        let provenance = try #require(line["provenance"]?.objectValue, "\(activity): \(line)")
                        #expect(values.keys == provenance.keys)
                        for (key, origin) in provenance.members.map({ ($0.key, $0.value) }) {
                            let stored = try await platform.database.column(
                                String.self,
                                """
                                select v.value::text
                                from public.value as v
                                join public.source as s on s.id = v.source_id
                                join public.object as o on o.id = v.object_id
                                join public.datapoint as d on d.id = v.datapoint_id
                                where v.run_id = $1::text::uuid and s.key = $2 and o.original_object_value_name = $3 and d.key = $4
                                  and v.created_at >= $5::text::timestamptz and v.created_at < $5::text::timestamptz + interval '1 ms'
                                """, origin["run"]?.stringValue ?? "", origin["source"]?.stringValue ?? "",
                                line["object"]?.stringValue ?? "", key, origin["at"]?.stringValue ?? "")
                            #expect(try stored.map { try JSONValue(parsing: $0) } == [values[key]], "\(line)")
                            sources.insert(origin["source"]?.stringValue ?? "")
                        }
                    }
                    let json = try await platform.client.get(path(id, "provenance=true"))
                    #expect(json.json["objects"]?.arrayValue == full.lines)
                    var paged: [JSONValue] = []
                    var cursor = ""
                    repeat {
                        let page = try await platform.client.get(path(id, "provenance=true&limit=3" + cursor)).json
                        paged += page["objects"]?.arrayValue ?? []
                        cursor = page["cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
                    } while !cursor.isEmpty
                    #expect(paged == full.lines)
                }
                #expect(sources == ["registry", "finder", "second_finder"])
                let found = try await platform.client.get(
                    path(try #require(ids["find_twice"]), "format=ndjson&provenance=true"))
                #expect(found.lines.count == 50)
            }
        }

        @Test func sqlSaysTheSameAsTheService() async throws {
            try await withPlatform { platform in
                for (activity, id) in try await finishedRequests(platform) {
                    for provenance in [false, true] {
                        let service = try await platform.client.get(path(id, "provenance=\(provenance)")).json[
                            "objects"]
                        let sql = try await platform.database.value(
                            String.self,
                            "select etl_api.reconstruct_values_to_activity_request($1::text::uuid, $2)::text", id,
                            provenance)
                        #expect(try JSONValue(parsing: sql) == service, "\(activity)")
                    }
                }
            }
        }

        @Test func aResultOf256KiBTravelsInsideTheWebhookAndOneByteMoreAsALink() async throws {
            try await withPlatform { platform in
                var noteBytes = 1_000
                for wanted in [nil, 256 << 10, (256 << 10) + 1] as [Int?] {
                    if let wanted {
                        let last = try #require(
                            platform.webhooks.received.last?.body["data"]?["result_bytes"]?.intValue)
                        noteBytes += wanted - last
                    }
                    platform.api.lengthenNotes(to: noteBytes)
                    let id = try await platform.client.submit(["Abel"])
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let data = try #require(platform.webhooks.received.last?.body["data"])
                    guard let wanted else { continue }
                    #expect(data["result_bytes"]?.intValue == wanted)
                    let isInline = wanted == 256 << 10
                    #expect(data["objects"]?.arrayValue?.count == (isInline ? 1 : nil))
                    #expect((data["result_url"] == nil) == isInline)
                }
            }
        }

        private func without(_ key: String, _ value: JSONValue) -> JSONValue {
            guard case .object(var object) = value else { return value }
            object[key] = nil
            return .object(object)
        }
    }
}
