/// The pages of an answer as one document: the JSON array of them.
struct PageDocument {
    private var pages: [[UInt8]] = []
    /// The bytes of the pages.
    private(set) var bytes = 0

    var count: Int { pages.count }

    mutating func append(_ page: [UInt8]) {
        pages.append(page)
        bytes += page.count
    }

    /// The pages are JSON each, as they came.
    var json: [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(bytes + pages.count + 2)
        json.append(UInt8(ascii: "["))
        for (place, page) in pages.enumerated() {
            if place > 0 { json.append(UInt8(ascii: ",")) }
            // A byte order mark may stand in front of a document and not within one.
            json += page.starts(with: [0xEF, 0xBB, 0xBF]) ? page[3...] : page[...]
        }
        json.append(UInt8(ascii: "]"))
        return json
    }
}
