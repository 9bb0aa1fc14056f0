import Catalogue
import JSON
import Testing

@testable import CLI

@Suite("What applying a catalogue did, in words")
struct CatalogueReportTests {
    /// A report on a file of one source, in an organization that has some object types from elsewhere.
    private func report(typesElsewhere: Int, isDryRun: Bool = false) -> CatalogueReport {
        let source = CatalogueItem(kind: .source, key: ["demo", "atlas"], fields: ["name": "Atlas"])
        let elsewhere = (0..<typesElsewhere).map {
            CatalogueItem(kind: .objectType, key: ["demo", "type_\($0)"], fields: [:])
        }
        return CatalogueReport(
            diff: CatalogueDiff(desired: [source], removals: [], stored: [source] + elsewhere), isDryRun: isDryRun)
    }

    @Test func fewThatAreLeftAloneAreNamedAndManyAreCounted() {
        #expect(
            report(typesElsewhere: 2).lines(style: .plain) == [
                "not in file, left alone  object_type demo/type_0", "not in file, left alone  object_type demo/type_1",
                "0 created, 0 changed, 1 unchanged, 2 not in file",
            ])
        #expect(
            report(typesElsewhere: 6).lines(style: .plain) == [
                "not in file, left alone  6; --left-alone names them",
                "0 created, 0 changed, 1 unchanged, 6 not in file",
            ])
        #expect(
            report(typesElsewhere: 0).lines(style: .plain) == ["0 created, 0 changed, 1 unchanged, 0 not in file"])
    }

    @Test func allAreNamedToWhoeverAsksAndToPrograms() {
        let report = report(typesElsewhere: 30)
        let lines = report.lines(style: .plain, namesLeftAlone: true)
        #expect(lines.count == 31 && lines.contains("not in file, left alone  object_type demo/type_29"))
        #expect(report.json["not_in_file"]?.arrayValue?.count == 30)
    }

    @Test func anEndpointWithoutASecretIsNamedWithTheCommandThatMakesOne() {
        var report = report(typesElsewhere: 0, isDryRun: true)
        report.unsignedEndpoints = [.init(kind: .webhookEndpoint, key: ["demo", "crm"])]
        #expect(
            report.lines(style: .plain).dropLast() == [
                "no secret yet  webhook_endpoint demo/crm: nothing is posted to it before it has one; "
                    + "'weir webhook secret create crm' with a key of demo makes it"
            ])
        #expect(report.json["without_secret"] == [["kind": "webhook_endpoint", "key": "demo/crm"]])
    }
}
