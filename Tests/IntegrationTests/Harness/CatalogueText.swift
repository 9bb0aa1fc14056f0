/// The catalogue that tests apply: one organization whose activities ask the stub API in different ways.
struct CatalogueText {
    /// The key of the organization, and the last component of its endpoint's path.
    var organization = "acme"
    let api: String
    let webhooks: String
    /// The name of the secret that signs.
    var secret = "HOOK"

    var yaml: String {
        """
        organization: \(organization)
        object_types:
          company:
            datapoints: { legal_name: text, industry: text, employees: number, founded: number, note: text }
        sources:
          registry:
            run_request_template: { url: "\(api)/objects/<<$object>>" }
            concurrency: 64
            timeout: 60s
            retry: { attempts: 4, base: 10ms, max: 50ms }
        \(Self.mapping)
          impatient:
            run_request_template: { url: "\(api)/objects/<<$object>>" }
            timeout: 300ms
            retry: { attempts: 2, base: 10ms, max: 20ms }
        \(Self.mapping)
        webhook_endpoints:
          receiver: { url: "\(webhooks)/hooks/\(organization)", secret: "<<$secret.\(secret)>>" }
        activities:
          enrich: { type: enrichment, object_type: company, sources: [registry], webhook_endpoints: [receiver] }
          hurry: { type: enrichment, object_type: company, sources: [impatient], webhook_endpoints: [receiver] }
          quiet: { type: enrichment, object_type: company, sources: [registry] }
        """
    }

    private static let mapping = """
            object_source: { company: [data, name] }
            datapoint_source:
              company:
                legal_name: [data, profile, legal_name]
                industry: [data, profile, industry]
                employees: [data, profile, employees]
                founded: [data, profile, founded]
                note: [data, profile, note]
        """
}
