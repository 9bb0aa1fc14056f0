import Foundation
import Testing

@testable import CLI

@Suite("The organization of weir up")
struct DemoOrganizationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Whoever follows several of them in one instance keeps one organization.
    @Test(arguments: [
        "README.md", "docs/tutorial-sources.md", "examples/batch.yaml", "examples/countries.yaml", "examples/crm.yaml",
        "examples/directory.yaml", "examples/prospects.yaml", "examples/registry.yaml", "examples/search.yaml",
    ])
    func pagesAndExamplesNameItAsItIsNamed(_ path: String) throws {
        let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        let names = text.matches(of: /organization: \{ key: demo, name: ([^}]*?) \}/).map { String($0.1) }
        #expect(InstancePreparation.organization == "demo")
        #expect(!names.isEmpty && Set(names) == [InstancePreparation.organizationName], "\(names)")
    }
}
