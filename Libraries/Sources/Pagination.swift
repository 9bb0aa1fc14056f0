public import Mapping

/// How an API that gives its answer in pages is asked for the next one.
public struct Pagination: Sendable, Hashable {
    /// What makes the next page's request.
    public enum Style: Sendable, Hashable {
        /// A page number: `start`, `start + 1`, ….
        case page(start: Int)
        /// How many items come before the page: 0, `size`, 2 `size`, ….
        case offset(start: Int, size: Int)
        /// A word that the answer itself gives, at this path; missing, null, empty or false means that there is no more.
        case cursor(next: PathPattern)
        /// The address in the answer's `Link` header with `rel="next"` (RFC 8288).
        case link
        /// An address that the answer gives at this path; relative ones are resolved.
        case nextURL(path: PathPattern)
    }

    /// What makes the next page's request.
    public var style: Style
    /// The query parameter that carries page, offset or cursor; nil when the template itself places `<<$cursor>>`.
    public var parameter: String?
    /// Where a page holds its items: a page without any is the last. Always there for `page` and `offset`.
    public var items: PathPattern?
    /// Where a page says how many items there are in all; nil: unknown.
    public var total: PathPattern?
    /// The most pages of one exchange. Reaching it fails the exchange: a bound that was hit is no success.
    public var pagesMax: Int

    /// The bound of pages unless one is given.
    public static let pagesMaxStandard = 100

    /// A way of paging.
    public init(
        style: Style, parameter: String? = nil, items: PathPattern? = nil, total: PathPattern? = nil,
        pagesMax: Int = Pagination.pagesMaxStandard
    ) {
        self.style = style
        self.parameter = parameter
        self.items = items
        self.total = total
        self.pagesMax = pagesMax
    }
}
