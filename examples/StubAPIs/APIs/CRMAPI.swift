import Foundation
import Hummingbird

/// Accounts of a CRM: OAuth2 client credentials, pages by cursor.
///
/// `POST /crm/oauth/token`, then `GET /crm/v2/accounts?country=DE&cursor=…`
struct CRMAPI {
    let state: APIState
    let tokens: TokenIssuer

    static let pageSize = 25

    struct Account: Encodable {
        var id: String
        var name: String
        var country: String
        var industry: String
        var annualHeadcount: Int
        var website: String
    }

    struct Page: Encodable {
        struct Paging: Encodable {
            var next: String?
        }

        var data: [Account]
        var paging: Paging
    }

    func add(to group: RouterGroup<BasicRequestContext>) {
        group.post("oauth/token") { request, _ -> Response in try await tokens.issue(request) }
        group.get("v2/accounts") { request, _ -> Response in
            if let refusal = tokens.refusal(of: request) { return refusal }
            let query = request.uri.queryParameters
            let text = query["cursor"].map { String($0) } ?? ""
            guard let start = text.isEmpty ? 0 : Self.position(text) else {
                return .failure(.badRequest, code: "BAD_CURSOR", message: "The cursor is not one of ours.")
            }
            let country = query["country"]
            let found = Companies.all.filter { country == nil || $0.place.country[...] == country }
            let isRepeated = state.take([.repeatedCursor], path: request.uri.path) != nil
            let next = isRepeated ? start : start + Self.pageSize
            return .json(
                Page(
                    data: found.dropFirst(start).prefix(Self.pageSize).map(Self.account),
                    paging: .init(next: next < found.count ? Self.cursor(next) : nil)))
        }
    }

    private static func account(_ company: Company) -> Account {
        Account(
            id: company.id, name: company.name, country: company.place.country, industry: company.industry,
            annualHeadcount: company.employees, website: "https://www.\(company.domain)/")
    }

    /// A cursor says nothing to callers, and none that they make up is taken.
    private static func cursor(_ position: Int) -> String {
        Data("after:\(position)".utf8).base64EncodedString()
    }

    private static func position(_ cursor: String) -> Int? {
        guard let data = Data(base64Encoded: cursor), let text = String(bytes: data, encoding: .utf8),
            text.hasPrefix("after:")
        else { return nil }
        return Int(text.dropFirst("after:".count))
    }
}
