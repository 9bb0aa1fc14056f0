internal import CCurl

/// The header fields of a request as libcurl takes them, in one piece of memory that is used again and again.
///
/// `CURLOPT_HTTPHEADER` keeps a pointer to a linked list and reads it while the transfer runs. `curl_slist_append`
/// would allocate twice per field.
struct HeaderList: ~Copyable {
    private static let keptBytesMax = 16 << 10
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        memory.deallocate()
    }

    /// Writes the list.
    ///
    /// - Parameters:
    ///   - headers: Valid header fields.
    ///   - suppressed: Names of fields that libcurl would add of its own and shall not.
    /// - Returns: The list, valid until the next call; `nil` if it is empty.
    mutating func write(
        _ headers: [(name: String, value: String)],
        suppressing suppressed: [String]
    ) -> UnsafeMutablePointer<curl_slist>? {
        let count = headers.count + suppressed.count
        guard count > 0 else { return nil }
        let nodeBytes = count * MemoryLayout<curl_slist>.stride
        // "name: value\0"; without a value "name;\0" sends the field empty, and "name:\0" keeps libcurl from sending
        // it.
        let textBytes =
            headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 3 }
            + suppressed.reduce(0) { $0 + $1.utf8.count + 2 }
        reserve(nodeBytes + textBytes)
        guard let base = memory.baseAddress else { return nil }

        let nodes = base.bindMemory(to: curl_slist.self, capacity: count)
        var text = (base + nodeBytes).bindMemory(to: UInt8.self, capacity: textBytes)
        var index = 0
        func endNode(startingAt start: UnsafeMutablePointer<UInt8>) {
            text.pointee = 0
            text += 1
            let next = index + 1 < count ? nodes + index + 1 : nil
            let data = UnsafeMutableRawPointer(start).assumingMemoryBound(to: CChar.self)
            (nodes + index).initialize(to: curl_slist(data: data, next: next))
            index += 1
        }
        func put(_ byte: UInt8) {
            text.pointee = byte
            text += 1
        }
        func put(_ string: String) {
            let bytes = string.utf8
            _ = UnsafeMutableBufferPointer(start: text, count: bytes.count).update(fromContentsOf: bytes)
            text += bytes.count
        }
        for (name, value) in headers {
            let start = text
            put(name)
            if value.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                put(UInt8(ascii: ";"))
            } else {
                put(UInt8(ascii: ":"))
                put(UInt8(ascii: " "))
                put(value)
            }
            endNode(startingAt: start)
        }
        for name in suppressed {
            let start = text
            put(name)
            put(UInt8(ascii: ":"))
            endNode(startingAt: start)
        }
        return nodes
    }

    /// Gives back memory beyond what most requests need.
    mutating func trim() {
        if memory.count > Self.keptBytesMax { reallocate(0) }
    }

    private mutating func reserve(_ bytes: Int) {
        if memory.count < bytes { reallocate(max(bytes, 1024)) }
    }

    private mutating func reallocate(_ bytes: Int) {
        memory.deallocate()
        memory = .allocate(byteCount: bytes, alignment: MemoryLayout<curl_slist>.alignment)
    }
}
