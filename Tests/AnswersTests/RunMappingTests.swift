import Contracts
import JSON
import Mapping
import Postgres
import Sources
import Testing

@testable import Answers
@testable import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Mapping a run's answer")
struct RunMappingTests {
    private func map(
        _ answer: String, object: String = "DE", objectPath: String? = #"["code"]"#, runsPerExchange: Int = 1,
        paths: (name: String, size: String) = (#"[["name"]]"#, #"[["size"]]"#), runsOfExchange: Int = 1,
        finds: Bool = false, pages: Int? = nil, noData: String? = nil
    ) throws -> ProcessedRun {
        try map(
            answer, objects: [object], objectPath: objectPath, runsPerExchange: runsPerExchange, paths: paths,
            runsOfExchange: runsOfExchange,
            finding: finds ? FindingTerms(objectType: ObjectTypeID(UUID()), objectsMax: 10) : nil, pages: pages,
            noData: noData)[0]
    }

    private func map(
        _ answer: String, objects: [String], objectPath: String? = #"["code"]"#, runsPerExchange: Int = 1,
        paths: (name: String, size: String) = (#"[["name"]]"#, #"[["size"]]"#), runsOfExchange: Int = 1,
        normalization: String? = nil, finding: FindingTerms? = nil, pages: Int? = nil, noData: String? = nil,
        isGone: Bool = false
    ) throws -> [ProcessedRun] {
        let record = SourceRecord(
            org: OrgID(UUID()), orgKey: "acme", id: SourceID(UUID()), key: "api", version: 1,
            templates: [.run: JSONB("{}")], runsPerExchange: runsPerExchange, setup: JSONB("{}"),
            objectPath: objectPath.map { JSONB($0) },
            objectPathType: "key",
            datapoints: [
                .init(id: DatapointID(UUID()), key: "name", type: "text", paths: JSONB(paths.name)),
                .init(
                    id: DatapointID(UUID()), key: "size", type: "number",
                    normalization: normalization.map { JSONB($0) },
                    paths: JSONB(paths.size)),
            ])
        let mapping = try SourceMapping(record)
        let runs = objects.map { object in
            FetchedRun(
                id: RunID(UUID()), org: record.org, request: ActivityRequestID(UUID()), source: record.id,
                object: finding == nil ? ObjectID(UUID()) : nil, objectName: object, finding: finding)
        }
        let fetched = FetchedAnswer(
            source: record.id, sourceVersion: 1, exchange: RunRequestID(UUID()), body: Array(answer.utf8),
            pages: pages, noData: noData, isGone: isGone, runsOfExchange: runsOfExchange, runs: runs)
        let plan = pages == nil ? mapping.plan : mapping.pagedPlan
        return RunMapping(mapper: Mapper(plan, limits: AnswerMapper.limits), mapping: mapping).map(fetched)
    }

    @Test func thePagesOfAnAnswerAreMappedAsOne() throws {
        let pages =
            #"[{"results":[{"code":"DE","name":"Germany"}]},{"results":[{"code":"AX","name":"Åland","size":1}]}]"#
        let run = try map(
            pages, object: "AX", objectPath: #"["results","*","code"]"#, runsPerExchange: 10,
            paths: (#"[["results","*","name"]]"#, #"[["results","*","size"]]"#), pages: 2)
        #expect(run.values.map { String(decoding: $0.json.bytes, as: UTF8.self) } == [#""Åland""#, "1"])
    }

    @Test func pagesAreNormalizedAndFoundInAsOneAnswerIs() throws {
        let pages = #"[{"results":[{"code":"DE","size":"1,234.5"}]},{"results":[{"code":"AX","size":"7"}]}]"#
        let finding = FindingTerms(objectType: ObjectTypeID(UUID()), objectsMax: 10)
        let run = try map(
            pages, objects: [""], objectPath: #"["results","*","code"]"#,
            paths: (#"[["results","*","name"]]"#, #"[["results","*","size"]]"#), normalization: #""separators""#,
            finding: finding, pages: 2)[0]
        #expect(run.findings.map(\.name) == ["DE", "AX"])
        #expect(run.findings[0].values.map { String(decoding: $0.json.bytes, as: UTF8.self) } == ["1234.5"])
    }

    @Test func asManyObjectsAsARequestMayFindAreMappedWithTheirValues() throws {
        let finding = FindingTerms(objectType: ObjectTypeID(UUID()), objectsMax: 100_000)
        let answer = (0..<100_000).map { #"{"code":"c\#($0)","name":"n","size":1}"# }.joined(separator: ",")
        let run = try map(
            "[\(answer)]", objects: [""], objectPath: #"["*","code"]"#,
            paths: (#"[["*","name"]]"#, #"[["*","size"]]"#), finding: finding)[0]
        #expect(run.succeeded, "\(run.reason ?? "")")
        #expect(run.findings.count == 100_000 && run.findings.last?.values.count == 2)
    }

    @Test func anAnswerThatIsGoneFailsItsRunsWithAWayOn() throws {
        let run = try map("", objects: ["DE"], isGone: true)[0]
        #expect(!run.succeeded && run.reason == "the stored answer is gone; retry the run to ask the API again")
    }

    @Test func anAnswerThatSaysThatThereIsNothingIsNotMapped() throws {
        let run = try map(#"{"code":"DE","name":"Germany"}"#, noData: "unknown (the API answered HTTP 404)")
        #expect(run.succeeded && run.substate == "no_data" && run.values.isEmpty)
        #expect(run.reason == "unknown (the API answered HTTP 404)")
    }

    @Test func anAnswerForSeveralRunsIsMappedByNameAlsoWhenOneRunIsPickedAlone() throws {
        let answer = #"{"code":"AX","name":"Åland","size":1}"#
        #expect(try map(answer).values.count == 2)
        #expect(try map(answer, runsOfExchange: 2).substate == "no_data")
        #expect(try map(answer, object: "AX", runsOfExchange: 2).values.count == 2)
    }

    @Test func namesThatLookAlikeAreToldApartByTheirBytes() throws {
        // The first "é" is one code point, the second an "e" with an accent behind it: two objects to the database.
        let names = ["caf\u{e9}", "cafe\u{301}"]
        let answer = #"[{"code":"\#(names[0])","size":1},{"code":"\#(names[1])","size":2}]"#
        let runs = try map(
            answer, objects: [names[1], names[0]], objectPath: #"["*","code"]"#, runsPerExchange: 2,
            paths: (#"[["*","name"]]"#, #"[["*","size"]]"#))
        #expect(runs.map { $0.values.map { String(decoding: $0.json.bytes, as: UTF8.self) } } == [["2"], ["1"]])
        let one = #"[{"code":"\#(names[0])","size":1}]"#
        let absent = try map(
            one, object: names[1], objectPath: #"["*","code"]"#, runsPerExchange: 2,
            paths: (#"[["*","name"]]"#, #"[["*","size"]]"#))
        #expect(absent.substate == "no_data" && absent.values.isEmpty)
    }

    @Test func aRunThatFindsTakesEveryObjectOfTheAnswer() throws {
        let path = #"["results","*","code"]"#
        let paths = (name: #"[["results","*","name"]]"#, size: #"[["results","*","size"]]"#)
        let processed = try map(
            #"{"results":[{"code":"DE","name":"Germany","size":1},{"code":"AX","size":"large"}]}"#, objectPath: path,
            paths: paths, finds: true)
        #expect(processed.findings.map(\.name) == ["DE", "AX"] && processed.values.isEmpty)
        #expect(processed.findings.map(\.values.count) == [2, 0])
        #expect(processed.findings[0].note == nil)
        #expect(processed.findings[1].note?.contains("where a number is expected") == true)
        #expect(processed.substate == "type_mismatch")

        let none = try map(#"{"results":[]}"#, objectPath: path, paths: paths, finds: true)
        #expect(none.succeeded && none.substate == "no_data" && none.findings.isEmpty)
        let unnamed = try map(#"{"name":"Germany"}"#, objectPath: nil, finds: true)
        #expect(!unnamed.succeeded && unnamed.substate == "mapping")
    }

    @Test func valuesOfTheAnswerAreTheRunsValues() throws {
        let processed = try map(#"{"code":"DE","name":"Germany","size":1.50}"#)
        #expect(processed.succeeded)
        #expect(processed.values.map { String(decoding: $0.json.bytes, as: UTF8.self) } == [#""Germany""#, "1.50"])
    }

    @Test func theSizeOfItsValuesIsThatWhichPostgresWillGive() throws {
        let plain = try map(#"{"code":"DE","name":"Germany","size":1.50}"#)
        #expect(plain.valueBytes == 9 + 4)
        // Written out it has 1,001 digits.
        let large = try map(#"{"code":"DE","name":"Germany","size":1e1000}"#)
        #expect((9 + 1_001...9 + 1_010).contains(Int(large.valueBytes)))
    }

    @Test func aMissingValueIsAbsent() throws {
        #expect(try map(#"{"code":"DE","name":"Germany"}"#).values.count == 1)
    }

    @Test func anAnswerWithoutAnyMappedValueSaysSo() throws {
        let processed = try map(#"{"code":"DE"}"#)
        #expect(processed.succeeded)
        #expect(processed.substate == "no_data")
    }

    @Test func aPageInsteadOfJSONFailsWithAReason() throws {
        let processed = try map("<!DOCTYPE html><html>")
        #expect(!processed.succeeded)
        #expect(processed.substate == "not_json")
        #expect(processed.reason?.contains("<!DOCTYPE html") == true)
    }

    @Test func aMappedNULFailsAndAnUnmappedOneDoesNot() throws {
        #expect(try map(#"{"code":"DE","name":"a\u0000b"}"#).substate == "unstorable_text")
        #expect(try map(#"{"code":"DE","name":"a","other":"\u0000"}"#).succeeded)
    }

    @Test func aMappedNumberBeyondNumericFailsAndAnUnmappedOneDoesNot() throws {
        #expect(try map(#"{"code":"DE","size":1e400000}"#).substate == "number_out_of_range")
        #expect(try map(#"{"code":"DE","name":"a","other":1e400000}"#).succeeded)
    }

    @Test func truncatedJSONFails() throws {
        #expect(try map(#"{"code":"DE","name":"Ger"#).substate == "truncated")
    }

    @Test func anAnswerWithoutTheObjectSaysSo() throws {
        #expect(try map(#"{"name":"Germany"}"#).reason == "the answer names no object where the mapping looks for one")
    }

    @Test func withoutAnObjectPathTheAnswerIsAboutTheRunsObject() throws {
        #expect(try map(#"{"name":"Germany"}"#, objectPath: nil).values.count == 1)
    }

    @Test func aValueOfAnotherTypeIsAbsentAndNamed() throws {
        let processed = try map(#"{"code":"DE","name":"Germany","size":"large"}"#)
        #expect(processed.succeeded)
        #expect(processed.values.count == 1)
        #expect(processed.substate == "type_mismatch")
        #expect(processed.reason?.contains("$.size") == true)
    }

    @Test func aMisfitThatLeavesNothingIsTheReasonForNoData() throws {
        let processed = try map(#"{"code":"DE","size":"large"}"#)
        #expect(processed.substate == "no_data")
        #expect(processed.reason == "the text 'large' where a number is expected (at $.size)")
    }

    @Test func whatTheAnswerSaysIsKeptBesideANormalizedValue() throws {
        let processed = try map(
            #"{"code":"DE","name":"Germany","size":"1.000,5"}"#, objects: ["DE"], normalization: #"{"decimal":","}"#)[0]
        #expect(processed.values.map { String(decoding: $0.json.bytes, as: UTF8.self) } == [#""Germany""#, "1000.5"])
        #expect(processed.originals.map(\.datapoint) == [processed.values[1].datapoint])
        #expect(processed.originals.map { String(decoding: $0.json.bytes, as: UTF8.self) } == [#""1.000,5""#])
        // The size is that of the values alone: results hold no originals.
        #expect(processed.valueBytes == 9 + 6)
        #expect(
            try map(#"{"code":"DE","size":5}"#, objects: ["DE"], normalization: #""separators""#)[0].originals.isEmpty)
    }

    @Test func aNormalizationThatIsNoneIsTheMappingsFault() {
        #expect(throws: NormalizationError.self) { try map("{}", objects: ["DE"], normalization: #""country""#) }
    }

    @Test func whatCouldNotBeConvertedIsKeptWithItsRun() throws {
        let processed = try map(#"{"code":"DE","name":"Germany","size":"large"}"#)
        let failure = try #require(processed.failures.first)
        #expect(processed.failures.count == 1 && failure.datapoint != nil)
        #expect(failure.path == "$.size" && failure.found == "large")
        #expect(failure.reason == "the text 'large' where a number is expected")
        #expect(try map(#"{"code":"DE","size":"large"}"#).failures.count == 1)
        #expect(try map(#"{"code":"DE","size":1}"#).failures.isEmpty)
    }

    @Test func namesThatAreNoneAreKeptOnceForAnExchange() throws {
        let runs = try map(
            #"{"r":[{"code":"DE","size":1},{"code":["FR"]},{"code":{}}]}"#, objects: ["DE", "FR", "NO"],
            objectPath: #"["r","*","code"]"#, runsPerExchange: 10,
            paths: (#"[["r","*","name"]]"#, #"[["r","*","size"]]"#))
        #expect(runs.map { $0.failures.map(\.path) } == [[], ["$.r[1].code", "$.r[2].code"], []])
        #expect(runs[1].failures.allSatisfy { $0.datapoint == nil })
    }

    @Test func aRunThatFindsObjectsKeepsABoundedNumberOfFailures() throws {
        let records = (0..<200).map { #"{"code":"o\#($0)","size":"x"}"# }.joined(separator: ",")
        let run = try map(
            #"{"r":[\#(records),{"code":"o200","size":"1 000"}]}"#, objects: [""], objectPath: #"["r","*","code"]"#,
            paths: (#"[["r","*","name"]]"#, #"[["r","*","size"]]"#), normalization: #""separators""#,
            finding: FindingTerms(objectType: ObjectTypeID(UUID()), objectsMax: 1_000))[0]
        #expect(run.findings.count == 201 && run.failures.count == MappedAnswer.failuresMax)
        #expect(run.failures.first?.path == "$.r[0].size")
        let originals = run.findings.map { $0.originals.map { String(decoding: $0.json.bytes, as: UTF8.self) } }
        #expect(originals.last == [#""1 000""#] && originals.dropLast().allSatisfy(\.isEmpty))
    }

    @Test func ofALongPathTheBeginningIsKept() throws {
        let key = String(repeating: "k", count: 5_000)
        let failure = try #require(
            map(#"{"code":"DE","\#(key)":"x"}"#, paths: (#"[["name"]]"#, #"[["\#(key)"]]"#)).failures.first)
        #expect(failure.path.count == FailedConversion.pathMax)
    }

    @Test func inAnExchangeForSeveralObjectsAMisfitIsTheReasonOfItsOwnRunOnly() throws {
        let answer =
            #"{"r":[{"code":"DE","name":"Germany","size":1},{"code":"FR","name":"France","size":"large"},{"code":["NO"]}]}"#
        func map(_ object: String) throws -> ProcessedRun {
            try self.map(
                answer, object: object, objectPath: #"["r","*","code"]"#, runsPerExchange: 10,
                paths: (#"[["r","*","name"]]"#, #"[["r","*","size"]]"#))
        }
        let germany = try map("DE")
        #expect(germany.substate == nil && germany.reason == nil && germany.values.count == 2)
        let france = try map("FR")
        #expect(france.substate == "type_mismatch" && france.values.count == 1)
        #expect(france.reason == "the text 'large' where a number is expected (at $.r[1].size)")
        let norway = try map("NO")
        #expect(norway.substate == "no_data")
        #expect(
            norway.reason
                == "the answer names 2 objects, but not this one; an array where an object's name is expected (at $.r[2].code)"
        )
    }
}
