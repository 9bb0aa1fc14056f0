import JSON
import Mapping

extension Pagination {
    /// The styles, by the names that files and the database have for them.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A page number.
        case page
        /// How many items come before the page.
        case offset
        /// A word that the answer gives.
        case cursor
        /// The address in the `Link` header.
        case link
        /// An address that the answer gives.
        case nextURL = "next_url"
    }

    /// The style's name.
    public var kind: Kind {
        switch style {
        case .page: .page
        case .offset: .offset
        case .cursor: .cursor
        case .link: .link
        case .nextURL: .nextURL
        }
    }

    init(_ stored: StoredObject) throws(SourceSetupError) {
        let style: Style
        var items = try stored.path("items")
        switch try stored.required("type", stored.choice("type", of: Kind.self)) {
        case .page:
            style = .page(start: try stored.integer("start", in: SourceBounds.pageStart) ?? 1)
            items = try stored.required("items", items)
        case .offset:
            style = .offset(
                start: try stored.integer("start", in: SourceBounds.pageStart) ?? 0,
                size: try stored.required("size", stored.integer("size", in: SourceBounds.pageSize)))
            items = try stored.required("items", items)
        case .cursor: style = .cursor(next: try stored.required("next", stored.path("next")))
        case .link: style = .link
        case .nextURL: style = .nextURL(path: try stored.required("next", stored.path("next")))
        }
        self.init(
            style: style, parameter: try stored.text("parameter", bytesMax: SourceBounds.nameBytes), items: items,
            total: try stored.path("total"),
            pagesMax: try stored.integer("pages_max", in: SourceBounds.pagesMax) ?? Self.pagesMaxStandard)
    }

    var json: JSONValue {
        var json: JSONObject = ["type": .string(kind.rawValue), "pages_max": .integer(pagesMax)]
        switch style {
        case .page(let start):
            json["start"] = .integer(start)
        case .offset(let start, let size):
            json["start"] = .integer(start)
            json["size"] = .integer(size)
        case .cursor(let next), .nextURL(let next):
            json["next"] = next.json
        case .link: break
        }
        json["parameter"] = parameter.map { .string($0) }
        json["items"] = items?.json
        json["total"] = total?.json
        return .object(json)
    }
}
