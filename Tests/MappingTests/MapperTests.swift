import Glibc
import JSON
import Mapping
import Testing

@Suite("Mapper")
struct MapperTests {
    @Test func mappedJSONIsCompactAndKeepsDigits() throws {
        let plan = MappingPlan(datapoints: [.init(key: "all", paths: [[]], type: .json)])
        let answer = try Mapper(plan).map(
            Array("\u{FEFF} { \"a\" : [ 1.10 , \"\\u00e9\\/\\n\" ] , \"b\" : { } } ".utf8))
        #expect(answer.objects[0].values[0].text == "{\"a\":[1.10,\"é/\\n\"],\"b\":{}}")
    }

    @Test func aPlanOfManyKeysFindsEachOfThem() throws {
        let keys = (0..<300).map { "key_\($0)" }
        let plan = MappingPlan(
            datapoints: keys.map { .init(key: $0, paths: [PathPattern([.key("data"), .key($0)])], type: .number) })
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("data")
        writer.beginObject()
        for index in (0..<600).reversed() {
            writer.key("key_\(index)")
            writer.int(index)
        }
        writer.endObject()
        writer.endObject()
        let values = try Mapper(plan).map(writer.bytes).objects[0].values
        #expect(values.map(\.text) == (0..<300).map(String.init))
    }

    @Test func patternsOfOneDatapointAndOfSeveralMeetInOnePlace() throws {
        let plan = MappingPlan(datapoints: [
            .init(key: "exact", paths: [["a", "b"]], type: .number),
            .init(key: "star", paths: [["*", "b"]], type: .number),
            .init(key: "deep", paths: [["**", "b"]], type: .number),
        ])
        let answer = try Mapper(plan).map(Array(#"{"a":{"b":1},"c":{"b":2}}"#.utf8))
        #expect(answer.objects[0].values.map(\.text) == ["1", "[1,2]", "[1,2]"])
    }

    @Test func manyRecordsAreMappedEachToItsObject() throws {
        let plan = MappingPlan(
            objects: [["r", "*", "id"]],
            datapoints: [.init(key: "n", paths: [["r", "*", "deep", "n"]], type: .number)]
        )
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("r")
        writer.beginArray()
        for index in 0..<20_000 {
            writer.raw(#"{"deep":{"n":\#(index)},"id":"o\#(index)"}"#.utf8)
        }
        writer.endArray()
        writer.endObject()
        let objects = try Mapper(plan).map(writer.bytes).objects
        #expect(objects.count == 20_000)
        #expect(objects.allSatisfy { $0.values.count == 1 && "o\($0.values[0].text)" == $0.name })
    }

    @Test func keysMadeToCollideCostNoMoreThanADictionary() throws {
        let plan = MappingPlan(datapoints: [.init(key: "all", paths: [["*", "x"]], type: .number)])
        var writer = JSONWriter()
        writer.beginObject()
        for index in 0..<50_000 {
            writer.key("k\(index)")
            writer.raw(#"{"x":1}"#.utf8)
        }
        writer.key("k0")
        writer.raw(#"{"x":2}"#.utf8)
        writer.endObject()
        let value = try #require(Mapper(plan).map(writer.bytes).objects[0].values.first)
        let elements = try #require(JSONValue(parsing: Array(value.json)).arrayValue)
        #expect(elements.count == 50_000)
        #expect(elements.last == 2)
    }

    @Test func conversionFailuresAreCountedAndTheFirstAreListed() throws {
        let plan = MappingPlan(datapoints: [.init(key: "n", paths: [["*"]], type: .number)])
        let list = Array(repeating: "\"x\"", count: 50).joined(separator: ",")
        let answer = try Mapper(plan).map(Array("[\(list),7]".utf8))
        #expect(answer.objects[0].values.map(\.text) == ["[7]"])
        #expect(answer.objects[0].failureCount == 50)
        #expect(answer.objects[0].failures.count == MappedAnswer.failuresMax)
        #expect(answer.objects[0].failures[0].description == "the text 'x' where a number is expected (at $[0])")
        #expect(answer.failureCount == 0)
    }

    @Test func conversionFailuresBelongToTheObjectThatTheyAreAbout() throws {
        let plan = MappingPlan(
            objects: [["r", "*", "id"]],
            datapoints: [
                .init(key: "n", paths: [["r", "*", "n"]], type: .number),
                .init(key: "flag", paths: [["r", "*", "flag"]], type: .boolean),
            ])
        let records = (0..<100).map { index in
            index % 2 == 0 ? #"{"id":"o\#(index)","n":1}"# : #"{"id":"o\#(index)","n":"x","flag":7}"#
        }
        let answer = try Mapper(plan).map(Array(#"{"r":[\#(records.joined(separator: ",")),{"id":[]}]}"#.utf8))
        for (index, object) in answer.objects.enumerated() {
            #expect(object.failures.map(\.path) == (index % 2 == 0 ? [] : ["$.r[\(index)].n", "$.r[\(index)].flag"]))
            #expect(object.failureCount == (index % 2 == 0 ? 0 : 2))
        }
        #expect(answer.failures.map(\.path) == ["$.r[100].id"])
    }

    @Test func aValueGivenOnceForAllFailsForEach() throws {
        let plan = MappingPlan(
            objects: [["r", "*", "id"]], datapoints: [.init(key: "n", paths: [["n"]], type: .number)])
        let answer = try Mapper(plan).map(Array(#"{"n":"x","r":[{"id":"a"},{"id":"b"}]}"#.utf8))
        #expect(answer.objects.map { $0.failures.map(\.path) } == [["$.n"], ["$.n"]])
    }

    @Test func thePatternsJSONFormReadsBack() throws {
        let pattern: PathPattern = ["a", "*", "**", 3, "'*'", "''q''", ""]
        #expect(try PathPattern(parsing: pattern.json) == pattern)
        #expect(pattern.elements[4] == .key("*"))
    }

    @Test func mappersOfSeveralSourcesShareAParser() throws {
        let parser = JSONParser()
        let first = Mapper(MappingPlan(datapoints: [.init(key: "a", paths: [["a"]], type: .json)]), parser: parser)
        let second = Mapper(MappingPlan(datapoints: [.init(key: "b", paths: [["b"]], type: .json)]), parser: parser)
        let answer = Array(#"{"a":[1,2],"b":{"c":3}}"#.utf8)
        let values = try [first.map(answer), second.map(answer)].flatMap { $0.objects[0].values.map(\.text) }
        #expect(values == ["[1,2]", #"{"c":3}"#])
    }

    @Test func recordsWithoutANameAmongManyCostNoTimeOfEach() throws {
        // As much work in ten answers as in one: were it each record's time, the large one would take ten times as long.
        let small = try (0..<10).reduce(Duration.zero) { time, _ in try time + timeOfNamelessRecords(4_000) }
        #expect(try timeOfNamelessRecords(40_000) < small * 4)
    }

    /// The processor's time that an answer takes; what else the machine does is not counted.
    private func timeOfNamelessRecords(_ count: Int) throws -> Duration {
        let plan = MappingPlan(
            objects: [["items", "*", "name"]],
            datapoints: [.init(key: "price", paths: [["items", "*", "price"]], type: .number)])
        // Of two records one has a name and the other a value, which belongs to nobody.
        let items = (0..<count).map { $0 % 2 == 0 ? #"{"name":"n\#($0)"}"# : #"{"price":\#($0)}"# }
        let body = Array(#"{"items":[\#(items.joined(separator: ","))]}"#.utf8)
        let before = Self.threadTime
        let answer = try Mapper(plan).map(body)
        let time = Self.threadTime - before
        #expect(answer.objects.count == count / 2 && answer.unassignedCount == count / 2)
        #expect(answer.objects.allSatisfy { $0.values.isEmpty })
        return time
    }

    private static var threadTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test func aValueOfManyObjectsGoesToTheNearestOfThem() throws {
        let plan = MappingPlan(
            objects: [["list", "*", "name"], ["title"]],
            datapoints: [
                .init(key: "currency", paths: [["list", "currency"], ["currency"]], type: .text),
                .init(key: "price", paths: [["list", "*", "price"]], type: .number),
            ])
        let items = (0..<20).map { #""k\#($0)":{"name":"n\#($0)","price":\#($0)}"# } + [#""x":{"price":99}"#]
        let body = #"{"title":"t","currency":"EUR","list":{\#(items.joined(separator: ","))}}"#
        let answer = try Mapper(plan).map(Array(body.utf8))
        #expect(answer.objects.map { $0.values.map(\.text) } == [[#""EUR""#]] + (0..<20).map { ["\($0)"] })
    }
}
