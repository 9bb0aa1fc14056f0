import HTTPTypes
import Hummingbird

/// A search for companies that answers with nested arrays: offices and people inside of each company.
///
/// `POST /search/v1/search` with `X-Api-Key` and
/// `{"criteria": {"keywords": "bakery", "place": "Berlin", "size": {"min": 10, "max": 500}}, "limit": 50}`
struct SearchAPI {
    static let key = "search-key"

    struct Query: Decodable {
        struct Criteria: Decodable {
            struct Size: Decodable {
                var min: Int?
                var max: Int?
            }

            var keywords: String?
            var place: String?
            var size: Size?
        }

        var criteria: Criteria
        var limit: Int?
    }

    struct Answer: Encodable {
        struct Hits: Encodable {
            var total: Int
            var items: [Item]
        }

        struct Item: Encodable {
            struct Profile: Encodable {
                var name: String
                var homepage: String
                var industry: String
                var headcount: Int
            }

            var company: Profile
            var offices: [Company.Office]
            var people: [Company.Person]
        }

        var hits: Hits
    }

    func add(to group: RouterGroup<BasicRequestContext>) {
        group.post("v1/search") { request, _ -> Response in
            guard request.headers[.apiKey] == Self.key else {
                return .failure(.unauthorized, code: "BAD_KEY", message: "X-Api-Key is missing or wrong.")
            }
            let query = try await request.json(as: Query.self)
            let limit = query.limit ?? 50
            guard (1...1_000).contains(limit) else {
                return .failure(.badRequest, code: "BAD_LIMIT", message: "limit is 1 to 1000.")
            }
            let found = Companies.all.filter { Self.fits($0, query.criteria) }
            return .json(Answer(hits: .init(total: found.count, items: found.prefix(limit).map(Self.item))))
        }
    }

    /// A criterion that is left out, null or empty fits every company. A place fits if an office is there.
    private static func fits(_ company: Company, _ criteria: Query.Criteria) -> Bool {
        let keywords = criteria.keywords?.lowercased().split(separator: " ") ?? []
        let text = "\(company.name) \(company.industry)".lowercased()
        guard keywords.allSatisfy({ text.contains($0) }) else { return false }
        if let place = criteria.place?.lowercased(), !place.isEmpty {
            let isThere = company.offices.contains { $0.city.lowercased() == place || $0.country.lowercased() == place }
            guard isThere else { return false }
        }
        return company.employees >= criteria.size?.min ?? 0 && company.employees <= criteria.size?.max ?? .max
    }

    private static func item(_ company: Company) -> Answer.Item {
        Answer.Item(
            company: .init(
                name: company.name, homepage: "https://www.\(company.domain)/about", industry: company.industry,
                headcount: company.employees),
            offices: company.offices, people: Array(company.people.prefix(3)))
    }
}

extension HTTPField.Name {
    fileprivate static let apiKey = Self("X-Api-Key").unsafelyUnwrapped
}
