import Foundation
import HTTPTypes
import Hummingbird

/// Filings of companies at a register: a bearer token, pages by the `Link` header (RFC 8288).
///
/// `GET /registry/companies/{name}/filings?per_page=10` answers with a bare array.
struct RegistryAPI {
    static let token = "registry-token"

    let state: APIState

    struct Filing: Encodable {
        var id: String
        var year: Int
        var kind: String
        var employees: Int
    }

    func add(to group: RouterGroup<BasicRequestContext>) {
        group.get("companies/:name/filings") { request, context -> Response in
            guard request.headers[.authorization] == "Bearer \(Self.token)" else {
                return .failure(.unauthorized, code: "BAD_TOKEN", message: "The token is missing or wrong.")
            }
            let name = try context.parameters.require("name")
            guard let company = Companies[name.removingPercentEncoding ?? name] else {
                return .failure(.notFound, code: "UNKNOWN_COMPANY", message: "There is no such company.")
            }
            let size = try request.number("per_page", default: 10, in: 1...50)
            let page = try request.number("page", default: 1, in: 1...100_000)
            let filings = Self.filings(of: company)
            let pages = max(1, (filings.count + size - 1) / size)
            var links = [Self.link(request, page: 1, size: size, relation: "first")]
            if page < pages {
                let foreign = state.take([.foreignPage], path: request.uri.path)
                links.append(
                    foreign.map { "<\($0.location)>; rel=\"next\"" }
                        ?? Self.link(request, page: page + 1, size: size, relation: "next"))
            }
            links.append(Self.link(request, page: pages, size: size, relation: "last"))
            return .json(
                Array(filings.dropFirst((page - 1) * size).prefix(size)),
                headers: [.link: links.joined(separator: ", "), .totalCount: String(filings.count)])
        }
    }

    /// One a year since the company was founded, the newest first.
    private static func filings(of company: Company) -> [Filing] {
        (company.founded...2024).reversed().map { year in
            let age = year - company.founded + 1
            return Filing(
                id: "\(company.id)-\(year)", year: year,
                kind: year == company.founded ? "registration" : "annual accounts",
                employees: max(1, company.employees * age / (2024 - company.founded + 1)))
        }
    }

    private static func link(_ request: Request, page: Int, size: Int, relation: String) -> String {
        let host = request.head.authority ?? "127.0.0.1"
        return "<http://\(host)\(request.uri.path)?per_page=\(size)&page=\(page)>; rel=\"\(relation)\""
    }
}

extension HTTPField.Name {

    fileprivate static let link = Self("Link").unsafelyUnwrapped
    fileprivate static let totalCount = Self("X-Total-Count").unsafelyUnwrapped
}
