/// What stands behind the scheme of a URL, split at the `/` and `?` of its literals: those inside a placeholder are none of the URL's.
struct URLParts {
    private(set) var authority: [PlaceholderText.Segment] = []
    /// The path between its slashes; the first part follows the first slash.
    private(set) var path: [[PlaceholderText.Segment]] = []
    /// The query string without `?`, or nil.
    private(set) var query: [PlaceholderText.Segment]?

    init(_ segments: [PlaceholderText.Segment]) {
        for segment in segments {
            guard case .literal(let text) = segment else {
                append(segment)
                continue
            }
            var rest = Substring(text)
            while query == nil, let place = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) {
                if place > rest.startIndex { append(.literal(String(rest[..<place]))) }
                if rest[place] == "/" { path.append([]) } else { query = [] }
                rest = rest[rest.index(after: place)...]
            }
            if !rest.isEmpty { append(.literal(String(rest))) }
        }
    }

    /// All of it in order.
    var all: [PlaceholderText.Segment] { authority + path.joined() + (query ?? []) }

    private mutating func append(_ segment: PlaceholderText.Segment) {
        if query != nil {
            query?.append(segment)
        } else if path.isEmpty {
            authority.append(segment)
        } else {
            path[path.count - 1].append(segment)
        }
    }
}
