import Mapping

/// Plans for the sample answer: five values each.
enum SamplePlan {
    static let all: [(name: String, plan: MappingPlan)] = [
        ("named object, exact paths", MappingPlan(objects: [["company", "domain"]], datapoints: exact)),
        ("run's own object, exact paths", MappingPlan(datapoints: exact)),
        ("named object, one path with **", MappingPlan(objects: [["company", "domain"]], datapoints: deep)),
        ("run's own object, one path with **", MappingPlan(datapoints: deep)),
        ("run's own object, all normalized", MappingPlan(datapoints: normalized)),
    ]

    private static let exact: [MappingPlan.Datapoint] = [
        .init(key: "name", paths: [["company", "name"]], type: .text),
        .init(key: "employees", paths: [["company", "employees", "count"]], type: .number),
        .init(key: "country", paths: [["company", "location", "country"]], type: .text),
        .init(key: "revenue", paths: [["company", "finance", "revenue", "amount"]], type: .number),
        .init(key: "technologies", paths: [["company", "technologies"]], type: .json),
    ]

    private static let normalized: [MappingPlan.Datapoint] = [
        .init(key: "name", paths: [["company", "name"]], type: .text, normalization: .whitespace),
        .init(
            key: "employees", paths: [["company", "employees", "count"]], type: .number,
            normalization: .separators(decimal: .point)),
        .init(key: "country", paths: [["company", "location", "country"]], type: .text, normalization: .country),
        .init(key: "twitter", paths: [["company", "social", "twitter"]], type: .text, normalization: .host),
        .init(key: "updated", paths: [["company", "updated_at"]], type: .datetime),
    ]

    private static let deep =
        Array(exact.dropLast()) + [
            .init(key: "emails", paths: [["**", "email"]], type: .text)
        ]
}
