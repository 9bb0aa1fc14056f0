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

    static func samePage(page: Int) -> PageRefusal {
        PageRefusal(
            substate: "pagination_loop",
            "page \(page) of the answer is one that was read already; the API does not heed the parameter that asks for the next one"
        )
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
