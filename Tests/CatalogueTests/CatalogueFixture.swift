import Catalogue
import Foundation

/// A small catalogue that is right in every line; tests break one line of it.
let smallCatalogue = """
    organization: demo
    object_types:
      country:
        datapoints:
          name: text
          area: number
    sources:
      atlas:
        base_url: http://127.0.0.1:4001
        run_request_template:
          url: /countries/<<$object>>
          headers:
            authorization: Bearer <<$secret.ATLAS_TOKEN>>
        retry: { attempts: 3 }
        object_source:
          country: [code]
        datapoint_source:
          country:
            name: [name]
            area: [[area, km2], area]
    webhook_endpoints:
      receiver:
        url: https://example.com/hooks
        secret: <<$secret.HOOK>>
    activities:
      enrich:
        type: enrichment
        object_type: country
        sources: [atlas]
        webhook_endpoints: [receiver]
    """

extension String {
    /// The text with one part of it changed; the part must be there, so that no test passes for want of its subject.
    func changing(_ part: String, to replacement: String) -> String {
        precondition(contains(part), "the fixture has no \(part)")
        return replacing(part, with: replacement, maxReplacements: 1)
    }
}

/// A catalogue with one source, `api`, that says this: its keys, without indentation.
func sourceCatalogue(_ lines: String, top: String = "") -> String {
    let body = lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }.joined(
        separator: "\n")
    return """
        organization: demo
        \(top)
        object_types:
          company: { datapoints: { name: text } }
        sources:
          api:
            base_url: https://api.example.com/v1
        \(body)
        """
}

/// What is wrong with a text; empty if nothing is.
func problems(
    in text: String, overrides: [CatalogueOverride] = [], limits: CatalogueLimits = CatalogueLimits()
) -> [CatalogueProblem] {
    do {
        _ = try CatalogueDefinition(parsing: text, overrides: overrides, limits: limits)
        return []
    } catch {
        return error.problems
    }
}

/// The text of a file of this package, by its path from the root.
func packageFile(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
}
