import JSON
import Mapping
import Sources
import Testing

@Suite("Sequence of pages")
struct PageSequenceTests {
    private static let address = "https://api.example.com/items?q=x"

    /// Reads pages until the last, or until the sequence refuses to go on.
    private func run(
        _ pagination: Pagination, _ pages: [String], links: [[String]] = []
    ) throws(PageRefusal) -> [PageRequest] {
        var sequence = PageSequence(CompiledPagination(pagination))
        var requests = [sequence.first]
        for (place, page) in pages.enumerated() {
            let next = try sequence.next(
                after: Array(page.utf8), at: requests.last?.address ?? Self.address,
                links: place < links.count ? links[place] : [])
            guard let next else { return requests }
            requests.append(next)
        }
        return requests
    }

    private func refusal(_ pagination: Pagination, _ pages: [String], links: [[String]] = []) -> PageRefusal? {
        do throws(PageRefusal) {
            _ = try run(pagination, pages, links: links)
            return nil
        } catch {
            return error
        }
    }

    private func substate(_ pagination: Pagination, _ pages: [String], links: [[String]] = []) -> String? {
        refusal(pagination, pages, links: links)?.substate
    }

    private func reason(_ pagination: Pagination, _ pages: [String]) -> String? { refusal(pagination, pages)?.reason }

    private static func page(_ style: Pagination.Style, total: PathPattern? = nil, pagesMax: Int = 100) -> Pagination {
        Pagination(style: style, parameter: "p", items: ["items", "*"], total: total, pagesMax: pagesMax)
    }

    @Test func pagesAreNumberedUntilOneIsEmpty() throws {
        let requests = try run(
            Self.page(.page(start: 1)), [#"{"items":[1,2]}"#, #"{"items":[3]}"#, #"{"items":[]}"#])
        #expect(
            requests.map(\.cursor) == [1, 2, 3] && requests.allSatisfy { $0.parameter == "p" && $0.address == nil })
    }

    @Test func offsetsMoveByTheSize() throws {
        let requests = try run(
            Self.page(.offset(start: 0, size: 50)), [#"{"items":[1]}"#, #"{"items":[2]}"#, "{}"])
        #expect(requests.map(\.cursor) == [0, 50, 100])
    }

    @Test func theTotalSparesTheEmptyPage() throws {
        for total in ["3", #""3""#, "2"] {
            let requests = try run(
                Self.page(.page(start: 1), total: ["total"]),
                [#"{"items":[1,2],"total":\#(total)}"#, #"{"items":[3],"total":\#(total)}"#])
            #expect(requests.count == (total == "2" ? 1 : 2))
        }
    }

    @Test(arguments: ["null", #""""#, "false"])
    func aCursorLeadsOnUntilThereIsNone(_ end: String) throws {
        let cursor = Pagination(style: .cursor(next: ["meta", "next"]), parameter: "after")
        let requests = try run(
            cursor, [#"{"meta":{"next":"a"}}"#, #"{"meta":{"next":7}}"#, #"{"meta":{"next":\#(end)}}"#])
        #expect(requests.map(\.cursor) == [.null, "a", 7])
        #expect(requests.map(\.parameter) == [nil, "after", "after"])
        #expect(try run(cursor, ["{}"]).count == 1)
    }

    @Test func addressesLeadOn() throws {
        let next = Pagination(style: .nextURL(path: ["next"]))
        #expect(
            try run(next, [#"{"next":"?q=x&c=2"}"#, "{}"]).map(\.address) == [
                nil, "https://api.example.com/items?q=x&c=2",
            ])
        let link = Pagination(style: .link)
        let requests = try run(link, ["[1]", "[2]"], links: [[#"<https://api.example.com/items?c=2>; rel="next""#]])
        #expect(requests.map(\.address) == [nil, "https://api.example.com/items?c=2"])
    }

    @Test func loopsAreNoticed() {
        let cursor = Pagination(style: .cursor(next: ["next"]), parameter: "c")
        #expect(
            substate(cursor, [#"{"next":"a","n":1}"#, #"{"next":"b","n":2}"#, #"{"next":"a","n":3}"#])
                == "pagination_loop")
        // Cursors that look alike are two to the API that gave them.
        #expect(substate(cursor, [#"{"next":"\u00e9","n":1}"#, #"{"next":"e\u0301","n":2}"#, "{}"]) == nil)
        // The API does not heed the parameter, and gives the first page for ever.
        #expect(substate(Self.page(.page(start: 1)), [#"{"items":[1]}"#, #"{"items":[1]}"#]) == "pagination_loop")
        let next = Pagination(style: .nextURL(path: ["next"]))
        #expect(substate(next, [#"{"next":"/items?q=x"}"#]) == "pagination_loop")
        #expect(substate(next, [#"{"next":"/a"}"#, #"{"next":"/b"}"#, #"{"next":"/a"}"#]) == "pagination_loop")
        let link = Pagination(style: .link)
        let self1 = [#"<\#(Self.address)>; rel="next""#]
        #expect(substate(link, ["[1]"], links: [self1]) == "pagination_loop")
        let circle = ["/a", "/b", "/a"].map { [#"<\#($0)>; rel="next""#] }
        #expect(substate(link, ["[1]", "[2]", "[3]"], links: circle) == "pagination_loop")
    }

    @Test func aLoopIsBlamedOnWhatLeadsBack() {
        let cursor = Pagination(style: .cursor(next: ["next"]), parameter: "c")
        #expect(
            reason(cursor, [#"{"next":"a","n":1}"#, #"{"next":"b","n":2}"#, #"{"next":"a","n":1}"#])
                == "page 3 of the answer is page 1, which was read already; the cursor (parameter c), as page 2 gives it, leads back there"
        )
        #expect(
            reason(cursor, [#"{"next":"a"}"#, #"{"next":"a"}"#])
                == "page 2 of the answer is page 1, which was read already; the cursor (parameter c), as page 1 gives it, leads back there, or the API does not heed it"
        )
        #expect(
            reason(Self.page(.page(start: 1)), [#"{"items":[1]}"#, #"{"items":[1]}"#])
                == "page 2 of the answer is page 1, which was read already; the API does not heed the parameter p")
    }

    @Test func itemsThatAreMissingAreNoSuccess() {
        let total: PathPattern = ["total"]
        let short = [#"{"items":[1,2],"total":5}"#, #"{"items":[5],"total":5}"#, #"{"items":[],"total":5}"#]
        for style in [Pagination.Style.page(start: 1), .offset(start: 0, size: 4), .offset(start: 1, size: 4)] {
            #expect(substate(Self.page(style, total: total), short) == "items_missing")
            #expect(substate(Self.page(style), short) == nil)
        }
        #expect(
            reason(Self.page(.offset(start: 0, size: 4), total: total), short)
                == "the answer says that it has 5 items, and 3 were read (pages: 3); the API may give fewer than 4 on a page (pagination.size of the source), so that some are skipped"
        )
        var cursor = Pagination(style: .cursor(next: ["next"]), parameter: "c", items: ["items", "*"], total: total)
        #expect(substate(cursor, [#"{"items":[1],"total":2}"#]) == "items_missing")
        cursor.items = nil
        #expect(substate(cursor, [#"{"items":[1],"total":2}"#]) == nil, "nobody knows how many were read")
        // Some are left out on purpose, and some are gone by the end.
        #expect(substate(Self.page(.offset(start: 100, size: 4), total: total), short) == nil)
        let gone = [#"{"items":[1,2],"total":5}"#, #"{"items":[3],"total":3}"#]
        #expect(substate(Self.page(.page(start: 1), total: total), gone) == nil)
    }

    @Test func theBoundIsNoSuccess() {
        let two = Self.page(.page(start: 1), pagesMax: 2)
        #expect(substate(two, [#"{"items":[1]}"#, #"{"items":[2]}"#, #"{"items":[3]}"#]) == "too_many_pages")
        #expect(substate(two, [#"{"items":[1]}"#, #"{"items":[]}"#]) == nil)
        let cursor = Pagination(style: .cursor(next: ["next"]), parameter: "c", pagesMax: 1)
        #expect(substate(cursor, [#"{"next":"a"}"#]) == "too_many_pages")
        #expect(substate(cursor, ["{}"]) == nil)
    }

    @Test func whatCannotBeReadEndsIt() {
        #expect(substate(Self.page(.page(start: 1)), ["<html>"]) == "page_not_json")
        #expect(substate(Pagination(style: .link), [""]) == "page_not_json")
        let cursor = Pagination(style: .cursor(next: ["next"]), parameter: "c")
        #expect(substate(cursor, [#"{"next":{"a":1}}"#]) == "next_page_refused")
        #expect(substate(cursor, [#"{"next":true}"#]) == "next_page_refused")
        let next = Pagination(style: .nextURL(path: ["next"]))
        #expect(substate(next, [#"{"next":"https://evil.example.com/"}"#]) == "next_page_refused")
    }
}
