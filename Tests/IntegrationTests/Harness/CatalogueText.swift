/// The catalogue that tests apply: one organization whose activities ask the stub API in different ways.
struct CatalogueText {
    /// The key of the organization, and the last component of its endpoint's path.
    var organization = "acme"
    let api: String
    let webhooks: String
    /// The name of the secret that signs.
    var secret = "HOOK"
    /// Where the registry knows its objects.
    var registryPath = "/objects"
    /// How often it is asked about an object before the run has failed.
    var registryAttempts = 4
    /// Objects that the directory is asked about at once.
    var directoryObjects = 25
    /// What can be known about an object.
    var datapoints = "legal_name: text, industry: text, employees: number, founded: number, note: text"

    var yaml: String {
        """
        organization: \(organization)
        object_types:
          company:
            datapoints: { \(datapoints) }
        sources:
          registry:
            run_request_template: { url: "\(api)\(registryPath)/<<$object>>" }
            concurrency: 64
            timeout: 60s
            retry: { attempts: \(registryAttempts), base: 10ms, max: 50ms }
        \(Self.mapping(root: ["data"]))
          impatient:
            run_request_template: { url: "\(api)/objects/<<$object>>" }
            timeout: 2s
            retry: { attempts: 2, base: 10ms, max: 20ms }
        \(Self.mapping(root: ["data"]))
          unhurried:
            run_request_template: { url: "\(api)/objects/<<$object>>" }
            concurrency: 1
            timeout: 60s
            run_timeout: 6s
        \(Self.mapping(root: ["data"]))
          directory:
            run_request_template: { url: "\(api)/search", body: { names: "<<$objects>>" } }
            max_objects: \(directoryObjects)
            concurrency: 16
            timeout: 60s
        \(Self.mapping(root: ["results", "*"]))
          finder:
            run_request_template: { url: "\(api)/find", query: { q: "<<$query>>", min: "<<$size_min>>" } }
            timeout: 60s
            retry: { attempts: 2, base: 10ms, max: 20ms }
        \(Self.mapping(root: ["results", "*"]))
          second_finder:
            run_request_template: { url: "\(api)/find/again", query: { q: "<<$query>>" } }
            timeout: 60s
            retry: { attempts: 2, base: 10ms, max: 20ms }
        \(Self.mapping(root: ["results", "*"]))
          by_industry:
            run_request_template: { url: "\(api)/industries/<<$industry>>/<<$object>>" }
            timeout: 60s
        \(Self.mapping(root: ["data"]))
        factors:
          large: { object_type: company, datapoint: employees, operator: greater_equal, value: 100 }
          small: { object_type: company, datapoint: employees, operator: less_than, value: 50 }
          weir_maker: { object_type: company, datapoint: industry, operator: equals, value: weirs }
        webhook_endpoints:
          receiver: { url: "\(webhooks)/hooks/\(organization)", secret: "<<$secret.\(secret)>>" }
        activities:
          enrich: { type: enrichment, object_type: company, sources: [registry], webhook_endpoints: [receiver] }
          hurry: { type: enrichment, object_type: company, sources: [impatient], webhook_endpoints: [receiver] }
          gather: { type: enrichment, object_type: company, sources: [directory], webhook_endpoints: [receiver] }
          brief: { type: enrichment, object_type: company, sources: [registry], webhook_endpoints: [receiver], timeout: 2s }
          queue: { type: enrichment, object_type: company, sources: [unhurried], webhook_endpoints: [receiver] }
          find:
            type: extract
            object_type: company
            sources: [finder]
            input: { query: { type: text, required: true }, size_min: { type: number, default: 10 } }
            max_objects: 100
            webhook_endpoints: [receiver]
          find_twice:
            type: extract
            object_type: company
            sources: [finder, second_finder]
            input: { query: { type: text, required: true }, size_min: { type: number, default: 10 } }
            max_objects: 100
          qualify:
            type: sourcing
            object_type: company
            sources: [finder]
            input: { query: text, size_min: { type: number, default: 10 } }
            factors: [weir_maker, { any: [large, small] }]
            webhook_endpoints: [receiver]
          qualify_known:
            type: sourcing
            object_type: company
            sources: [registry]
            factors: [large, weir_maker]
          place: { type: enrichment, object_type: company, sources: [by_industry] }
          quiet: { type: enrichment, object_type: company, sources: [registry] }
        """
    }

    private static func mapping(root: [String]) -> String {
        let root = root.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
                object_source: { company: [\(root), name] }
                datapoint_source:
                  company:
                    legal_name: [\(root), profile, legal_name]
                    industry: [\(root), profile, industry]
                    employees: [\(root), profile, employees]
                    founded: [\(root), profile, founded]
                    note: [\(root), profile, note]
            """
    }
}
