public import JSON
import Mapping

/// How a page is asked for.
public struct PageRequest: Sendable, Hashable {
    /// The value of `<<$cursor>>`: number, offset or cursor; null for the first page of those that have none yet.
    public var cursor: JSONValue = .null
    /// The query parameter to set; nil: none, or the template places the cursor itself.
    public var parameter: String?
    /// The address to call in place of the template's; nil: the template's.
    public var address: String?
}

/// A source's way of paging, compiled.
public struct CompiledPagination: Sendable {
    /// As declared.
    public let pagination: Pagination
    let places: PatternSet
    let itemsPlace: Int?
    let totalPlace: Int?
    let nextPlace: Int?

    /// Compiles a way of paging.
    public init(_ pagination: Pagination) {
        self.pagination = pagination
        var patterns: [PathPattern] = []
        func place(_ pattern: PathPattern?) -> Int? {
            guard let pattern else { return nil }
            patterns.append(pattern)
            return patterns.count - 1
        }
        itemsPlace = place(pagination.items)
        totalPlace = place(pagination.total)
        nextPlace =
            switch pagination.style {
            case .cursor(let next): place(next)
            case .nextURL(let path): place(path)
            case .page, .offset, .link: nil
            }
        places = PatternSet(patterns)
    }
}

/// Where an exchange stands among the pages of its answer: which were read, and which comes next. Pure.
public struct PageSequence: Sendable {
    private let compiled: CompiledPagination
    private var seenCursors: Set<ExactText> = []
    /// The pages read, by what stands in them.
    private var seenPages: [[UInt8]: Int] = [:]
    private var items = 0
    /// As the newest page that tells says.
    private var total: Int?
    /// The pages read.
    public private(set) var count = 0

    /// The beginning of an exchange.
    public init(_ compiled: CompiledPagination) {
        self.compiled = compiled
    }

    private var pagination: Pagination { compiled.pagination }

    /// How the first page is asked for.
    public var first: PageRequest { numbered(at: 0) ?? PageRequest() }

    /// A page was read; how the next one is asked for, or nil if it was the last.
    ///
    /// - Parameters:
    ///   - address: where the page was, without anything that authentication adds.
    ///   - links: the values of its `Link` fields.
    /// - Throws: ``PageRefusal`` when there is a next page that must not or cannot be asked for, or when there is none although items are
    ///   missing.
    public mutating func next(
        after page: [UInt8], at address: String, links: [String]
    ) throws(PageRefusal) -> PageRequest? {
        count += 1
        let found = try Findings(page, number: count, compiled)
        items += found.items
        total = found.total ?? total
        let isLast = compiled.itemsPlace != nil && found.items == 0
        if !isLast, let seen = seenPages.updateValue(count, forKey: page) {
            throw .samePage(page: count, seen: seen, pagination)
        }
        guard !isLast, let request = try following(found, at: address, links: links) else {
            try end()
            return nil
        }
        guard count < pagination.pagesMax else { throw .tooMany(pagination.pagesMax) }
        return request
    }

    /// There is no further page.
    ///
    /// - Throws: ``PageRefusal`` when the pages hold fewer items than they say that there are.
    public func end() throws(PageRefusal) {
        guard compiled.itemsPlace != nil, !beginsLater, let total, items < total else { return }
        throw .itemsMissing(total: total, read: items, pages: count, pagination)
    }

    /// Whether the first items are left out on purpose. Some APIs count pages and items from 0, others from 1.
    private var beginsLater: Bool {
        switch pagination.style {
        case .page(let start), .offset(let start, _): start > 1
        case .cursor, .link, .nextURL: false
        }
    }

    private mutating func following(
        _ found: Findings, at address: String, links: [String]
    ) throws(PageRefusal) -> PageRequest? {
        switch pagination.style {
        case .page, .offset:
            if let total, items >= total { return nil }
            return numbered(at: count)
        case .cursor:
            guard let cursor = found.next else { return nil }
            try remember(cursor.description)
            return PageRequest(cursor: cursor, parameter: pagination.parameter)
        case .nextURL:
            guard let next = found.next else { return nil }
            return try page(at: next.stringValue ?? next.description, on: address)
        case .link:
            guard let target = LinkHeader.target(of: "next", in: links) else { return nil }
            return try page(at: target, on: address)
        }
    }

    private func numbered(at pages: Int) -> PageRequest? {
        let number: Int
        switch pagination.style {
        case .page(let start): number = start + pages
        case .offset(let start, let size): number = start + pages * size
        case .cursor, .link, .nextURL: return nil
        }
        return PageRequest(cursor: .number(JSONNumber(number)), parameter: pagination.parameter)
    }

    private mutating func page(at reference: String, on address: String) throws(PageRefusal) -> PageRequest {
        if count == 1 { seenCursors.insert(ExactText(address)) }
        let next = try PageAddress.resolve(reference, on: address)
        try remember(next)
        return PageRequest(address: next)
    }

    private mutating func remember(_ cursor: String) throws(PageRefusal) {
        guard seenCursors.insert(ExactText(cursor)).inserted else { throw .sameCursor(page: count) }
    }
}

/// What of one page decides about the next.
private struct Findings {
    var items = 0
    var total: Int?
    /// A text or a number; nil where the page says that there is no more.
    var next: JSONValue?

    init(_ page: [UInt8], number: Int, _ compiled: CompiledPagination) throws(PageRefusal) {
        var found: (items: Int, total: Int?, next: JSONValue?) = (0, nil, nil)
        do throws(MappingError) {
            try compiled.places.forEachMatch(in: page) { place, value in
                if place == compiled.itemsPlace { found.items += 1 }
                if place == compiled.totalPlace, found.total == nil {
                    let total = value()
                    found.total = total.intValue ?? total.stringValue.flatMap { Int($0) }
                }
                if place == compiled.nextPlace, found.next == nil { found.next = value() }
            }
        } catch {
            throw .notJSON(page: number, error.reason)
        }
        (items, total) = (found.items, found.total)
        switch found.next {
        case nil, .null?, .bool(false)?, .string("")?: break
        case .string?, .number?: next = found.next
        case let other?: throw .noCursor(page: number, kind: other.kindName)
        }
    }
}
