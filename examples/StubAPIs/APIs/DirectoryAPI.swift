import Hummingbird

/// People of companies: a key in the query, pages by offset.
///
/// `GET /directory/v1/people?api_key=…&company=…&offset=0&limit=20`
struct DirectoryAPI {
    /// Where the key stands in the query.
    static let key = "directory-key"

    let state: APIState

    struct Page: Encodable {
        struct Meta: Encodable {
            var total: Int
            var offset: Int
            var limit: Int
        }

        var meta: Meta
        var people: [Company.Person]
    }

    func add(to group: RouterGroup<BasicRequestContext>) {
        group.get("v1/people") { request, _ -> Response in
            let query = request.uri.queryParameters
            guard query["api_key"] == Self.key[...] else {
                return .failure(.unauthorized, code: "BAD_KEY", message: "api_key is missing or wrong.")
            }
            let asked = try request.number("offset", default: 0, in: 0...1_000_000)
            let offset = state.take([.samePage], path: request.uri.path) == nil ? asked : 0
            let limit = try request.number("limit", default: 20, in: 1...100)
            guard let company = query["company"].flatMap({ Companies[String($0)] }) else {
                return .failure(.notFound, code: "UNKNOWN_COMPANY", message: "There is no such company.")
            }
            let people = company.people
            return .json(
                Page(
                    meta: .init(total: people.count, offset: offset, limit: limit),
                    people: Array(people.dropFirst(offset).prefix(limit))))
        }
    }
}
