import JSON
import Testing

extension IntegrationTests {
    /// What APIs write for people is stored in one form, and what could not be is kept as data.
    @Suite("Normalization")
    struct NormalizationTests {
        private static func answer(_ employees: String, _ founded: String) -> [StubReply] {
            let profile = #"{"legal_name":"X","employees":\#(employees),"founded":\#(founded)}"#
            return [.json(#"{"data":{"name":"x","profile":\#(profile)}}"#)]
        }

        @Test func valuesOriginalsAndFailuresAreStored() async throws {
            try await withPlatform { platform in
                try await apply(platform, employees: "normalize: separators")
                platform.api.script("plain", Self.answer("7", #""1998-01-31""#))
                platform.api.script("german", Self.answer(#""1.240,5""#, #""31.1.1998""#))
                platform.api.script("doubtful", Self.answer(#""1,240""#, #""soon""#))
                let id = try await platform.client.submit(["plain", "german", "doubtful"])
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["runs"]?["done"] == 3)
                #expect(
                    try await stored(platform)
                        == [
                            #"german employees 1240.5 was "1.240,5""#, #"german founded "1998-01-31" was "31.1.1998""#,
                            #"german legal_name "X""#, #"doubtful legal_name "X""#, "plain employees 7",
                            #"plain founded "1998-01-31""#, #"plain legal_name "X""#,
                        ].sorted())
                #expect(
                    try await failures(platform) == [
                        "doubtful employees $.data.profile.employees 1,240: the text '1,240' where a number is expected: "
                            + "it may be 1240 or 1.240, so declare the decimal sign",
                        "doubtful founded $.data.profile.founded soon: the text 'soon' where a date such as 2024-01-31 "
                            + "is expected",
                    ])
                let lines = try await platform.client.get("/v1/activity-requests/\(id)/result?format=ndjson").lines
                let german = try #require(lines.first { $0["object"] == "german" })
                #expect(german["values"]?["employees"]?.description == "1240.5")
            }
        }

        @Test func aChangeOfTheDatapointHoldsForTheNextAnswer() async throws {
            try await withPlatform { platform in
                try await apply(platform, employees: "normalize: separators")
                for name in ["before", "after"] {
                    platform.api.script(name, Self.answer(#""1,240""#, "null"))
                }
                let first = try await platform.client.submit(["before"])
                _ = try await platform.client.wait(for: first, toBe: "delivered")
                try await apply(platform, employees: "normalize: { decimal: \".\" }")
                let second = try await platform.client.submit(["after"])
                _ = try await platform.client.wait(for: second, toBe: "delivered")
                let found = try await stored(platform).filter { $0.contains("employees") }
                #expect(found == [#"after employees 1240 was "1,240""#])
            }
        }

        @Test func objectsThatARunFindsKeepTheirOriginalsToo() async throws {
            try await withPlatform { platform in
                var text = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url)
                text.datapoints =
                    "legal_name: text, industry: { type: text, normalize: country }, employees: number, "
                    + "founded: number, note: text"
                try await platform.database.apply(text.yaml)
                platform.api.found([
                    .init(name: "Alpha", industry: "Germany"), .init(name: "Beta", industry: "weirs"),
                    .init(name: "Gamma", industry: "FR"),
                ])
                let body: JSONValue = ["activity": "find", "input": ["query": "x"]]
                let id = try #require(try await platform.client.post(body.encoded()).json["id"]?.stringValue)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                let found = try await stored(platform).filter { $0.contains("industry") }
                #expect(found == [#"Alpha industry "DE" was "Germany""#, #"Gamma industry "FR""#])
                let failures = try await platform.database.column(
                    String.self,
                    "select path || ' ' || found from public.conversion_failure where object_id is null and place = 1")
                #expect(failures == ["$.results[1].profile.industry weirs"])
            }
        }

        private func apply(_ platform: Platform, employees: String) async throws {
            var text = CatalogueText(api: platform.api.url, webhooks: platform.webhooks.url)
            text.datapoints =
                "legal_name: text, industry: text, note: text, employees: { type: number, \(employees) }, "
                + "founded: { type: date, normalize: { formats: [\"%d.%m.%Y\"] } }"
            try await platform.database.apply(text.yaml)
        }

        private func stored(_ platform: Platform) async throws -> [String] {
            try await platform.database.column(
                String.self,
                """
                select format('%s %s %s', o.original_object_value_name, d.key, v.value) || coalesce(' was ' || v.original::text, '')
                from public.value as v
                join public.object as o on o.id = v.object_id
                join public.datapoint as d on d.id = v.datapoint_id
                where v.value <> 'null'
                """
            ).sorted()
        }

        private func failures(_ platform: Platform) async throws -> [String] {
            try await platform.database.column(
                String.self,
                """
                select format('%s %s %s %s: %s', o.original_object_value_name, d.key, f.path, f.found, f.reason)
                from public.conversion_failure as f
                join public.run_queue as r on r.id = f.run_id and r.object_id = f.object_id and r.source_id = f.source_id
                    and r.activity_request_id = f.activity_request_id
                join public.object as o on o.id = f.object_id
                join public.datapoint as d on d.id = f.datapoint_id
                """
            ).sorted()
        }
    }
}
