/// Everything that one catalogue file declares, checked and with every default filled in.
///
/// Make one with ``init(parsing:overrides:limits:activityIDs:)``; `docs/catalogue.md` describes the file.
public struct CatalogueDefinition: Sendable, Hashable {
    /// The limits that sources share; they belong to no organization.
    public let rateGroups: [RateGroupDefinition]
    /// The organizations in the order of the file.
    public let organizations: [OrganizationDefinition]
}

/// One organization with all that the file declares for it.
public struct OrganizationDefinition: Sendable, Hashable {
    /// The organization's key, unique in the installation.
    public let key: String
    /// The name that people read.
    public let name: String
    /// What its objects are.
    public let objectTypes: [ObjectTypeDefinition]
    /// The APIs that it asks.
    public let sources: [SourceDefinition]
    /// Where its results go.
    public let webhookEndpoints: [WebhookEndpointDefinition]
    /// What makes an object a good one.
    public let factors: [FactorDefinition]
    /// What clients can request.
    public let activities: [ActivityDefinition]
    /// Which of them clients can request as one.
    public let workflows: [WorkflowDefinition]
}
