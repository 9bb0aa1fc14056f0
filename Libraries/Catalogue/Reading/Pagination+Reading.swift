import Mapping
import Sources

extension Pagination {
    init?(reading cursor: DocumentCursor) {
        guard let body = cursor.mapping(),
            let kind = body.kind(of: Kind.self, "page, offset, cursor, link or next_url", keys: Self.keys)
        else { return nil }
        let start = body["start"]?.integer(in: SourceBounds.pageStart)
        let meaning = "where a page holds its items, such as [results, \"*\"]: a page without any is the last"
        let needsItems = kind == .page || kind == .offset
        let items = (needsItems ? body.required("items", meaning) : body["items"])?.pathPattern()
        let style: Style? =
            switch kind {
            case .page: .page(start: start ?? 1)
            case .offset:
                body.required("size", "how many items a page holds")?.integer(in: SourceBounds.pageSize)
                    .map { .offset(start: start ?? 0, size: $0) }
            case .cursor:
                body.required("next", "where a page holds the next cursor, such as [meta, next]")?.pathPattern()
                    .map { .cursor(next: $0) }
            case .link: .link
            case .nextURL:
                body.required("next", "where a page holds the next page's address, such as [links, next]")?
                    .pathPattern().map { .nextURL(path: $0) }
            }
        let parameter = body["parameter"]?.fieldName(in: .query)
        let total = body["total"]?.pathPattern()
        let pagesMax = body["pages_max"]?.integer(in: SourceBounds.pagesMax)
        guard let style, items != nil || !needsItems else { return nil }
        self.init(
            style: style, parameter: parameter, items: items, total: total, pagesMax: pagesMax ?? Self.pagesMaxStandard
        )
    }

    private static func keys(of kind: Kind) -> [String] {
        switch kind {
        case .page: ["parameter", "start", "items", "total", "pages_max"]
        case .offset: ["parameter", "start", "size", "items", "total", "pages_max"]
        case .cursor: ["parameter", "next", "items", "total", "pages_max"]
        case .link: ["items", "total", "pages_max"]
        case .nextURL: ["next", "items", "total", "pages_max"]
        }
    }

    /// Whether the next page is told by a value that the request carries, not by its whole address.
    var hasCursor: Bool {
        switch style {
        case .page, .offset, .cursor: true
        case .link, .nextURL: false
        }
    }

    /// Logs what does not fit the template whose answer is paged: the value has exactly one place in it.
    func check(against template: CheckedTemplate, reading cursor: DocumentCursor) {
        guard hasCursor, let body = cursor.mapping() else { return }
        let isPlaced = template.variables.contains("cursor")
        guard let place = body["parameter"] else {
            if !isPlaced {
                cursor.report(
                    .missingKey, "nothing carries the \(kind.rawValue) to the API",
                    remedy: "add parameter: the query parameter's name; or place <<$cursor>> in the template")
            }
            return
        }
        if isPlaced {
            place.report(
                .conflict, "the template places <<$cursor>> itself",
                remedy: "leave parameter out, or take <<$cursor>> out of the template")
        } else if let parameter, let double = template.queryParameter(parameter) {
            double.report(
                .conflict, "pagination sets the query parameter \(parameter) on every page",
                remedy: "take it out of the template, or leave parameter out and write <<$cursor>> here")
        }
    }
}
