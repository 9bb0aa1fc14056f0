/// Why the next page of an answer is not asked for, which fails the exchange.
public struct PageRefusal: Error, Sendable, Hashable {
    /// A short word for programs.
    public let substate: String
    /// A sentence for people, without a full stop.
    public let reason: String

    private init(substate: String, _ reason: String) {
        self.substate = substate
        self.reason = reason
    }

    static func notJSON(page: Int, _ problem: String) -> PageRefusal {
        PageRefusal(substate: "page_not_json", "page \(page) of the answer cannot be read: \(problem)")
    }

    static func tooMany(_ max: Int) -> PageRefusal {
        PageRefusal(
            substate: "too_many_pages",
            "the answer has more than \(max) pages; ask for less, or raise pagination.pages_max of the source")
    }

    static func sameCursor(page: Int) -> PageRefusal {
        PageRefusal(
            substate: "pagination_loop",
            "page \(page) of the answer leads back to a page that was read already; its cursor does not move on")
    }

    /// - Parameter seen: which page it was when it was read before.
    static func samePage(page: Int, seen: Int, _ pagination: Pagination) -> PageRefusal {
        let cause =
            switch pagination.style {
            case .page, .offset: "the API does not heed \(pagination.means)"
            case .cursor, .link, .nextURL:
                "\(pagination.means), as page \(page - 1) gives it, leads back there"
                    // An API that does not heed what it is asked gives the same page right again.
                    + (seen + 1 == page ? ", or the API does not heed it" : "")
            }
        return PageRefusal(
            substate: "pagination_loop",
            "page \(page) of the answer is page \(seen), which was read already; \(cause)")
    }

    static func itemsMissing(total: Int, read: Int, pages: Int, _ pagination: Pagination) -> PageRefusal {
        let advice =
            if case .offset(_, let size) = pagination.style {
                "the API may give fewer than \(size) on a page (pagination.size of the source), so that some are skipped"
            } else {
                "ask for less at once, or leave pagination.total of the source out if it does not count these items"
            }
        return PageRefusal(
            substate: "items_missing",
            "the answer says that it has \(total) items, and \(read) were read (pages: \(pages)); \(advice)")
    }

    static func noCursor(page: Int, kind: String) -> PageRefusal {
        PageRefusal(
            substate: "next_page_refused",
            "page \(page) of the answer holds \(kind) where the cursor of the next page is looked for")
    }

    static var noAddress: PageRefusal {
        PageRefusal(substate: "next_page_refused", "the address of the next page cannot be read")
    }

    static var anotherServer: PageRefusal {
        PageRefusal(
            substate: "next_page_refused",
            "the next page is at another server than the first one; the credentials of the source do not go there")
    }
}

extension Pagination {
    /// What asks for the next page, in words.
    fileprivate var means: String {
        let parameter = parameter.map { "the parameter \($0)" }
        return switch style {
        case .page: parameter ?? "the page's number"
        case .offset: parameter ?? "the offset"
        case .cursor: "the cursor" + (self.parameter.map { " (parameter \($0))" } ?? "")
        case .link: "the address of the next page in its Link header"
        case .nextURL: "the address of the next page"
        }
    }
}
