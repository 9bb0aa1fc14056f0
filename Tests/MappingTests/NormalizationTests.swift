import JSON
import Testing

@testable import Mapping

@Suite("Normalization of values")
struct NormalizationTests {
    private static let vectors = Result { try Vectors.load("normalization") }

    @Test func everyValueIsStoredAsListed() throws {
        for vector in try #require(Self.vectors.get()["vectors"]?.arrayValue) {
            let (type, normalization) = try Self.datapoint(of: vector)
            let plan = MappingPlan(datapoints: [
                .init(key: "v", paths: [["v"]], type: type, normalization: normalization)
            ])
            let document: JSONValue = ["v": try #require(vector["value"])]
            let object = try Mapper(plan).map(document.encoded()).objects[0]
            #expect(object.values.map(\.text) == [vector["stored"]].compactMap { $0?.description }, "\(vector)")
            #expect(object.originals.map(\.text) == [vector["original"]].compactMap { $0?.description }, "\(vector)")
            #expect(object.originals.allSatisfy { $0.datapoint == 0 })
            let reason = object.failures.first?.reason
            #expect((reason == nil) == (vector["fails"] == nil), "\(vector): \(reason ?? "no failure")")
            if let reason, let expected = vector["fails"]?.stringValue {
                #expect(reason.contains(expected), "\(vector): \(reason)")
            }
        }
    }

    @Test func everyNormalizationThatDoesNotFitIsRefused() throws {
        for vector in try #require(Self.vectors.get()["refused"]?.arrayValue) {
            #expect(throws: NormalizationError.self, "\(vector)") { try Self.datapoint(of: vector) }
        }
    }

    @Test func theJSONFormReadsBack() throws {
        for vector in try #require(Self.vectors.get()["vectors"]?.arrayValue) {
            guard let json = vector["normalize"], let normalization = try Self.datapoint(of: vector).1 else { continue }
            #expect(normalization.json == json)
        }
    }

    @Test func originalsStandWithTheirObjectsAndDatapoints() throws {
        let plan = MappingPlan(
            objects: [["r", "*", "id"]],
            datapoints: [
                .init(key: "name", paths: [["r", "*", "name"]], type: .text),
                .init(
                    key: "size", paths: [["r", "*", "size"]], type: .number, normalization: .separators(decimal: nil)),
                .init(key: "land", paths: [["r", "*", "land"]], type: .text, normalization: .country),
            ])
        let answer = """
            {"r":[{"id":"a","name":" A ","size":"1 000","land":"DE"},{"id":"b","size":5,"land":"Atlantis"},
            {"id":"c","size":"x","land":"fr"}]}
            """
        let objects = try Mapper(plan).map(Array(answer.utf8)).objects
        func texts(_ values: [MappedValue]) -> [String] {
            values.map { "\(plan.datapoints[$0.datapoint].key)=\($0.text)" }
        }
        #expect(
            objects.map { texts($0.values) } == [
                [#"name=" A ""#, "size=1000", #"land="DE""#], ["size=5"], [#"land="FR""#],
            ])
        #expect(objects.map { texts($0.originals) } == [[#"size="1 000""#], [], [#"land="fr""#]])
        #expect(objects.map { $0.failures.map(\.path) } == [[], ["$.r[1].land"], ["$.r[2].size"]])
    }

    @Test func severalMatchesAreNormalizedOneByOne() throws {
        for vector in try #require(Self.vectors.get()["several"]?.arrayValue) {
            let (type, normalization) = try Self.datapoint(of: vector)
            let plan = MappingPlan(datapoints: [
                .init(key: "v", paths: [["*", "v"]], type: type, normalization: normalization)
            ])
            let matches = try #require(vector["matches"]?.arrayValue)
            let document = JSONValue.array(matches.map { ["v": $0] })
            let object = try Mapper(plan).map(document.encoded()).objects[0]
            #expect(object.values.map(\.text) == [vector["stored"]].compactMap { $0?.description }, "\(vector)")
            #expect(object.originals.map(\.text) == [vector["original"]].compactMap { $0?.description }, "\(vector)")
            #expect(object.failureCount == vector["failures"]?.intValue, "\(vector)")
        }
    }

    @Test func everyCountryIsThatOfTheVectors() throws {
        let countries = try #require(Vectors.load("countries")["countries"]?.arrayValue).map { names in
            try #require(names.arrayValue).compactMap(\.stringValue)
        }
        let table = Country.table.split(separator: "\n").map { line in
            let columns = line.split(separator: " ", maxSplits: 2)
            return (columns.prefix(2) + columns[2].split(separator: ";")).map { String($0) }
        }
        #expect(table == countries)
        for names in countries {
            #expect(names.allSatisfy { Country.code(of: $0) == names[0] }, "\(names)")
        }
    }

    @Test func failuresSayWhatWasFound() throws {
        let plan = MappingPlan(datapoints: [.init(key: "d", paths: [["*"]], type: .date)])
        let long = String(repeating: "x", count: 500)
        let failures = try Mapper(plan).map(Array(#"["soon\u0000", 5, {}, "\#(long)"]"#.utf8)).objects[0].failures
        #expect(
            failures.map(\.found) == ["soon\\u0000", "5", "an object", String(long.prefix(ConversionFailure.foundMax))])
        #expect(failures[0].description.hasPrefix("the text 'soon\\u0000' where a date"))
        #expect(failures[3].reason.utf8.count < 150)
    }

    @Test func poisonIsNotLetThroughByNormalization() throws {
        func map(_ type: DatapointType, _ normalization: Normalization) throws -> MappedObject {
            let plan = MappingPlan(datapoints: [
                .init(key: "v", paths: [["v"]], type: type, normalization: normalization)
            ])
            return try Mapper(plan).map(Array(#"{"v":"yes\u0000"}"#.utf8)).objects[0]
        }
        #expect(try map(.boolean, .words(.standard)).failureCount == 1)
        #expect(throws: MappingError.self) { try map(.text, .whitespace) }
        #expect(throws: MappingError.self) { try map(.text, .country) }
    }

    @Test func aSeparatedNumberBeyondNumericIsRefused() throws {
        let plan = MappingPlan(datapoints: [
            .init(key: "v", paths: [["v"]], type: .number, normalization: .separators(decimal: nil))
        ])
        let groups = Array(repeating: "000", count: 43_691).joined(separator: " ")
        let error = #expect(throws: MappingError.self) { try Mapper(plan).map(Array(#"{"v":"1 \#(groups)"}"#.utf8)) }
        #expect(error?.code == .numberOutOfRange)
        #expect(throws: MappingError.self) { try Mapper(plan).map(Array(#"{"v":"1e400000"}"#.utf8)) }
        // Each of these is bearable, all of them are not.
        let long = Array(repeating: #""1e131071""#, count: 9).joined(separator: ",")
        let all = #expect(throws: MappingError.self) { try Mapper(plan).map(Array(#"{"v":[\#(long)]}"#.utf8)) }
        #expect(all?.code == .numberOutOfRange)
    }

    @Test func theCountriesAreComplete() {
        let rows = Country.table.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2) }
        #expect(rows.count == 249)
        #expect(Set(rows.map { $0[0] }).count == 249)
        #expect(Set(rows.map { $0[1] }).count == 249)
        #expect(rows.allSatisfy { $0[0].count == 2 && $0[1].count == 3 })
        // Nothing stands for two countries.
        let names = rows.flatMap { row in
            ([row[0], row[1]] + row[2].split(separator: ";")).map { Country.key(String($0)) }
        }
        #expect(Set(names).count == Country.codes.count)
        let codesOfNames = rows.flatMap { row in
            row[2].split(separator: ";").map { Country.code(of: String($0)) == String(row[0]) }
        }
        #expect(codesOfNames.allSatisfy { $0 })
    }

    @Test func everyDayHasItsPlaceInTime() throws {
        // Day by day through four centuries, against the calendar's own rules.
        var expected = CalendarTime(iso: "1899-12-31T00:00:00Z")
        for day in stride(from: -25_568, through: 120_529, by: 1) {
            let next = try #require(CalendarTime(secondsSince1970: String(day * 86_400)))
            #expect(next.isValid)
            if let before = expected {
                let isNextDay = next.day == before.day + 1 && next.month == before.month && next.year == before.year
                let isNextMonth =
                    next.day == 1 && before.day == CalendarTime.days(of: before.month, in: before.year)
                    && (next.month == before.month + 1 && next.year == before.year
                        || next.month == 1 && before.month == 12 && next.year == before.year + 1)
                guard day == -25_568 || isNextDay || isNextMonth else {
                    Issue.record("\(next) does not follow \(before)")
                    return
                }
            }
            expected = next
        }
        #expect(CalendarTime(secondsSince1970: "-62135596800")?.text(as: .datetime) == "0001-01-01T00:00:00Z")
        #expect(CalendarTime(secondsSince1970: "253402300799")?.text(as: .datetime) == "9999-12-31T23:59:59Z")
        #expect(CalendarTime(secondsSince1970: "253402300800") == nil)
    }

    private static func datapoint(of vector: JSONValue) throws -> (DatapointType, Normalization?) {
        let type = try #require(vector["type"]?.stringValue.flatMap(DatapointType.init))
        return (type, try vector["normalize"].map { try Normalization(parsing: $0, of: type) })
    }
}
