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

    private func substate(_ pagination: Pagination, _ pages: [String], links: [[String]] = []) -> String? {
        do throws(PageRefusal) {
            _ = try run(pagination, pages, links: links)
            return nil
        } catch {
            return error.substate
        }
    }

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
