import JSON
import Testing

extension IntegrationTests {
    /// Activities besides the plain enrichment: what they ask for, find and judge.
    @Suite("Activities")
    struct ActivityTests {
        private func submit(_ body: JSONValue, _ platform: Platform) async throws -> String {
            let answer = try await platform.client.post(body.encoded())
            guard answer.status == 202, let id = answer.json["id"]?.stringValue else {
                throw HarnessError("not accepted: HTTP \(answer.status) \(answer.json)")
            }
            return id
        }

        private func lines(of id: String, _ platform: Platform) async throws -> [JSONValue] {
            try await platform.client.get("/v1/activity-requests/\(id)/result").json["objects"]?.arrayValue ?? []
        }

        @Test func anExtractFindsObjectsByItsInput() async throws {
            try await withPlatform { platform in
                platform.api.found([.init(name: "Beta", employees: 7), .init(name: "Alpha"), .init(name: "Beta")])
                let id = try await submit(["activity": "find", "input": ["query": "weir & sluice"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(platform.api.targets == ["/find?q=weir%20%26%20sluice&min=10"])
                #expect(request["objects"]?["total"] == 2 && request["objects"]?["expanded"] == 2, "\(request)")
                #expect(request["plan"] == ["runs": 1, "calls": 1] && request["runs"]?["done"] == 1)
                let data = try #require(platform.webhooks.received.first?.body["data"])
                #expect(data["objects"]?.arrayValue?.map { $0["object"] } == ["Beta", "Alpha"])
                #expect(
                    data["objects"]?[0]?["values"] == ["employees": 7, "industry": "weirs", "legal_name": "Beta GmbH"])
                let links = try await platform.database.column(
                    String.self,
                    """
                    select s.key || ' ' || o.original_object_value_name from public.object_finding as f
                    join public.source as s on s.id = f.source_id join public.object as o on o.id = f.object_id order by 1
                    """)
                #expect(links == ["finder Alpha", "finder Beta"])
            }
        }

        @Test func whatTwoSourcesFindIsOneListWithoutDoubles() async throws {
            try await withPlatform { platform in
                platform.api.found((0..<60).map { .init(name: "company \($0)", employees: 1) })
                platform.api.found(
                    (40..<90).reversed().map { .init(name: "company \($0)", employees: 2) }, at: "/find/again")
                let id = try await submit(
                    ["activity": "find_twice", "input": ["query": "x", "size_min": 3]], platform)
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(request["objects"]?["total"] == 90 && request["runs"]?["done"] == 2)
                let lines = try await lines(of: id, platform)
                // Those of the first source as its activity lists them, then what the second adds, whichever has answered first.
                #expect(
                    lines.compactMap { $0["object"]?.stringValue }
                        == ((0..<60) + (60..<90).reversed()).map { "company \($0)" })
                #expect(platform.api.targets.contains("/find?q=x&min=3"))
                let findings = try await platform.database.value(Int.self, "select count(*) from public.object_finding")
                #expect(findings == 110)
            }
        }

        @Test func whatIsBeyondTheBoundIsCountedAndSaid() async throws {
            try await withPlatform { platform in
                platform.api.found((0..<130).map { .init(name: "company \($0)") })
                let id = try await submit(["activity": "find", "input": ["query": "x"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["objects"]?["total"] == 100)
                #expect(request["reason"]?.stringValue?.contains("more objects were found") == true, "\(request)")
                let note = request["notes"]?[0]
                #expect(note?["substate"] == "max_objects", "\(request)")
                #expect(
                    note?["reason"]?.stringValue?.hasPrefix("30 of the 130 objects found are left out") == true,
                    "\(request)")
                let lines = try await lines(of: id, platform)
                #expect(lines.count == 100 && lines[99]["object"] == "company 99")
            }
        }

        @Test func ofASourceThatMapsSeveralTypesEachActivityGetsTheValuesOfItsOwn() async throws {
            try await withPlatform { platform in
                let mapping = ["company", "person"].map { "\($0): [\($0), name]" }.joined(separator: ", ")
                let sizes = ["company", "person"].map { "\($0): { size: [\($0), size] }" }.joined(separator: ", ")
                try await platform.database.apply(
                    """
                    organization: acme
                    object_types:
                      company: { datapoints: { size: number } }
                      person: { datapoints: { size: number } }
                    sources:
                      everything:
                        run_request_template: { url: "\(platform.api.url)/objects/<<$object>>" }
                        object_source: { \(mapping) }
                        datapoint_source: { \(sizes) }
                    activities:
                      companies: { type: enrichment, object_type: company, sources: [everything] }
                      people: { type: enrichment, object_type: person, sources: [everything] }
                    """)
                platform.api.script(
                    "Abel", [.json(#"{"company":{"name":"Abel","size":500},"person":{"name":"Abel","size":2}}"#)])
                for (activity, size) in [("companies", 500), ("people", 2)] {
                    let id = try await platform.client.submit(["Abel"], activity: activity)
                    _ = try await platform.client.wait(for: id, toBe: "done")
                    let lines = try await lines(of: id, platform)
                    #expect(lines.map { $0["values"] } == [["size": .number(JSONNumber(size))]], "\(activity)")
                }
                let strangers = try await platform.database.value(
                    Int.self,
                    """
                    select count(*) from public.value as v join public.object as o on o.id = v.object_id
                    join public.datapoint as d on d.id = v.datapoint_id where d.object_type_id <> o.object_type_id
                    """)
                #expect(strangers == 0)
            }
        }

        @Test func nothingFoundIsAnEmptyResultWithANote() async throws {
            try await withPlatform { platform in
                let id = try await submit(["activity": "find", "input": ["query": "x"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(
                    request["objects"]?["total"] == 0 && request["notes"]?[0]?["substate"] == "no_data", "\(request)")
                let lines = try await lines(of: id, platform)
                #expect(lines.isEmpty)
            }
        }

        @Test func aSourcingSaysOfEachFoundObjectWhetherItQualifies() async throws {
            try await withPlatform { platform in
                platform.api.found([
                    .init(name: "Large", employees: 500), .init(name: "Middle", employees: 70),
                    .init(name: "Small", employees: 5), .init(name: "Baker", employees: 500, industry: "bread"),
                ])
                let id = try await submit(["activity": "qualify", "input": ["query": "x"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "delivered")
                #expect(request["qualification"] == ["qualified": 2, "unqualified": 2], "\(request)")
                let data = try #require(platform.webhooks.received.first?.body["data"])
                #expect(data["qualification"] == ["qualified": 2, "unqualified": 2])
                let objects = try #require(data["objects"]?.arrayValue)
                #expect(objects.map { $0["qualified"] } == [true, false, true, false])
                let factors = try #require(objects[1]["factors"]?.arrayValue)
                #expect(factors.map { $0["factor"] } == ["large", "small", "weir_maker"])
                #expect(factors.map { $0["outcome"] } == ["failed", "failed", "passed"])
                #expect(factors[0]["sentence"] == "Company's employees is at least 100" && factors[0]["value"] == 70)
                let stored = try await platform.database.column(
                    String.self,
                    """
                    select o.original_object_value_name || ' ' || q.qualified from public.object_qualification as q
                    join public.object as o on o.id = q.object_id order by q.position
                    """)
                #expect(stored == ["Large true", "Middle false", "Small true", "Baker false"])
            }
        }

        @Test func aSourcingOfNamedObjectsAsksAboutThemFirst() async throws {
            try await withPlatform { platform in
                platform.api.script("Unknown", [.status(404)])
                let id = try await submit(["activity": "qualify_known", "objects": ["Abel", "Unknown"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(request["qualification"] == ["qualified": 0, "unqualified": 2], "\(request)")
                let lines = try await lines(of: id, platform)
                #expect(lines[0]["factors"]?.arrayValue?.map { $0["outcome"] } == ["failed", "passed"])
                #expect(lines[1]["factors"]?.arrayValue?.map { $0["outcome"] } == ["unknown", "unknown"])
                #expect(lines[1]["error"]?["state"] == "failed")
            }
        }

        @Test func aTemplateTakesValuesOfTheObjectAndARunWithoutThemIsInvalid() async throws {
            try await withPlatform { platform in
                let first = try await submit(["activity": "quiet", "objects": ["Abel"]], platform)
                _ = try await platform.client.wait(for: first, toBe: "done")
                let id = try await submit(["activity": "place", "objects": ["Abel", "Bebel"]], platform)
                let request = try await platform.client.wait(for: id, toBe: "done")
                #expect(platform.api.targets.last == "/industries/weirs/Abel" && platform.api.targets.count == 2)
                #expect(request["runs"]?["done"] == 1 && request["runs"]?["invalid"] == 1)
                let failure = try #require(request["failures"]?[0])
                #expect(failure["substate"] == "missing_value" && failure["objects"] == ["Bebel"])
                #expect(failure["reason"] == "there is no value for industry, which the source's request needs")

                let alone = try await submit(["activity": "place", "objects": ["Bebel"]], platform)
                let failed = try await platform.client.wait(for: alone, toBe: "failed")
                #expect(failed["runs"]?["invalid"] == 1 && platform.api.calls["Bebel"] == nil)
            }
        }

        @Test func inputThatAnActivityTookBeforeAChangeIsCheckedAgainstWhatItTakesNow() async throws {
            try await withPlatform { platform in
                platform.api.found([.init(name: "Alpha")])
                let body: JSONValue = ["activity": "find", "input": ["query": "x", "size_min": 1]]
                _ = try await platform.client.wait(for: try await submit(body, platform), toBe: "delivered")
                _ = try await platform.database.column(
                    String.self,
                    """
                    update public.activity set input = '{"query": {"type": "text"}, "place": {"type": "text", "default": "Berlin"}}'
                    where key = 'find' returning key
                    """)
                let old = try await platform.client.post(body.encoded())
                #expect(old.status == 422 && old.paths == ["$.input.size_min"], "\(old.json)")
                let new = try await platform.client.post(#"{"activity":"find","input":{"query":"x","place":"Bonn"}}"#)
                #expect(new.status == 202, "\(new.json)")
            }
        }

        @Test func aRowOfPlainSQLIsCheckedAgainstItsActivityToo() async throws {
            try await withPlatform { platform in
                platform.api.found([.init(name: "Alpha")])
                let ids = try await platform.database.column(
                    String.self,
                    """
                    insert into public.activity_request (org_id, activity_id, content)
                    select a.org_id, a.id, c.content::jsonb
                    from public.activity as a
                    cross join (values (1, '{"input": {"query": "x"}}'), (2, '{"input": {"qurey": "x"}}'), (3, '{"objects": ["a"]}'))
                        as c(place, content)
                    where a.key = 'find' order by c.place returning id::text
                    """)
                _ = try await platform.client.wait(for: ids[0], toBe: "delivered")
                let wrong = try await platform.client.wait(for: ids[1], toBe: "invalid")
                #expect(wrong["substate"] == "content")
                #expect(wrong["reason"]?.stringValue?.contains("$.input.qurey") == true, "\(wrong)")
                _ = try await platform.client.wait(for: ids[2], toBe: "invalid")
            }
        }
    }
}
