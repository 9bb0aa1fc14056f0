import JSON
import Mapping
import Testing

@Suite("Path pattern vectors")
struct PathPatternVectorTests {
    private static let vectors = Result { try Vectors.load("path_patterns") }

    @Test func everyPatternFindsItsPlacesInDocumentOrder() throws {
        for vector in try #require(Self.vectors.get()["matches"]?.arrayValue) {
            let name = try #require(vector["name"]?.stringValue)
            let pattern = try PathPattern(parsing: #require(vector["pattern"]))
            let found = try pattern.matches(in: Self.document(of: vector))
            let expected = try #require(vector["matches"]?.arrayValue)
            #expect(found.map(\.path) == expected.map { $0["path"]?.stringValue ?? "" }, "\(name)")
            for (match, place) in zip(found, expected) {
                let text = place["value_text"]?.stringValue ?? place["value"]?.description
                #expect(String(decoding: match.json, as: UTF8.self) == text, "\(name)")
            }
        }
    }

    @Test func everyInvalidPatternIsRefused() throws {
        for vector in try #require(Self.vectors.get()["invalid_patterns"]?.arrayValue) {
            let pattern = try #require(vector["pattern"])
            #expect(throws: PathPatternError.self, "\(vector)") { try PathPattern(parsing: pattern) }
        }
    }

    @Test func everyObjectNameIsMadeAsListed() throws {
        for vector in try #require(Self.vectors.get()["object_names"]?.arrayValue) {
            let kind = try #require(vector["kind"]?.stringValue.flatMap(ObjectNameKind.init))
            let value = try #require(vector["value"])
            let plan = MappingPlan(objects: [["object"]], objectNameKind: kind, datapoints: [])
            let answer = JSONValue.object(["object": value]).encoded()
            let names = try Mapper(plan).map(answer).objects.map { $0.name ?? "" }
            #expect(names == (vector["name"]?.stringValue).map { [$0] } ?? [], "\(vector)")
        }
    }

    @Test func everyPlanGivesItsObjectsAndValues() throws {
        for vector in try #require(Self.vectors.get()["plans"]?.arrayValue) {
            let name = try #require(vector["name"]?.stringValue)
            let plan = try Self.plan(of: vector)
            let answer = try Mapper(plan).map(Self.document(of: vector))
            let found = answer.objects.map { object in
                let values = object.values.map { "\(plan.datapoints[$0.datapoint].key)=\($0.text)" }
                return "\(object.name ?? "-"): \(values.sorted())"
            }
            let expected = try #require(vector["expected"]?.arrayValue).map { object in
                let values = object["values"]?.objectValue?.map { "\($0.key)=\($0.value)" } ?? []
                return "\(object["name"]?.stringValue ?? "-"): \(values.sorted())"
            }
            #expect(found == expected, "\(name)")
            #expect(answer.unassignedCount == vector["unassigned"]?.intValue ?? 0, "\(name)")
            let failures = vector["failures"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let failed = answer.failures + answer.objects.flatMap(\.failures)
            #expect(failed.map(\.path) == failures, "\(name)")
        }
    }

    private static func document(of vector: JSONValue) throws -> [UInt8] {
        if let text = vector["document_text"]?.stringValue { return Array(text.utf8) }
        return try #require(vector["document"]).encoded()
    }

    private static func plan(of vector: JSONValue) throws -> MappingPlan {
        let datapoints = try #require(vector["datapoints"]?.arrayValue).map { entry in
            MappingPlan.Datapoint(
                key: try #require(entry[0]?.stringValue),
                paths: try #require(entry[2]?.arrayValue).map { try PathPattern(parsing: $0) },
                type: try #require(entry[1]?.stringValue.flatMap(DatapointType.init))
            )
        }
        return MappingPlan(
            objects: try #require(vector["objects"]?.arrayValue).map { try PathPattern(parsing: $0) },
            objectNameKind: try #require(vector["kind"]?.stringValue.flatMap(ObjectNameKind.init)),
            datapoints: datapoints
        )
    }
}
