import JSON
import Mapping
import Testing

@Suite("Object name vectors")
struct ObjectNameVectorTests {
    private static let vectors = Result { try Vectors.load("object_names") }

    @Test func everyValueBecomesTheNameListed() throws {
        for vector in try #require(Self.vectors.get()["values"]?.arrayValue) {
            let kind = try #require(vector["kind"]?.stringValue.flatMap(ObjectNameKind.init))
            let document = JSONValue.object(["object": try #require(vector["value"])]).encoded()
            let plan = MappingPlan(objects: [["object"]], objectNameKind: kind, datapoints: [])
            let names = try Mapper(plan).map(document).objects.compactMap(\.name)
            #expect(names == [vector["name"]?.stringValue].compactMap(\.self), "\(vector)")
        }
    }

    @Test func everyDocumentNamesItsObjects() throws {
        for vector in try #require(Self.vectors.get()["documents"]?.arrayValue) {
            let title = vector["name"]?.stringValue ?? ""
            let kind = try #require(vector["kind"]?.stringValue.flatMap(ObjectNameKind.init))
            let pattern = try PathPattern(parsing: #require(vector["path"]))
            let document = try #require(vector["document"]).encoded()
            let mapped = try Mapper(MappingPlan(objects: [pattern], objectNameKind: kind, datapoints: [])).map(document)
            let objects = try #require(vector["objects"]?.arrayValue)
            #expect(mapped.objects.map(\.name) == objects.map { $0[0]?.stringValue }, "\(title)")
            let unsuitable = vector["unsuitable"]?.arrayValue ?? []
            #expect(mapped.failures.map(\.path) == unsuitable.map { $0.stringValue ?? "" }, "\(title)")
            // The places: every match that is listed, in this order.
            let matches = try pattern.matches(in: document)
            let listed = objects.map { "\($0[1]?.stringValue ?? "") \($0[2]?.description ?? "")" }
            let found = matches.map { "\($0.path) \(String(decoding: $0.json, as: UTF8.self))" }
            #expect(found.filter(listed.contains) == listed, "\(title)")
        }
    }
}
