import Glibc

/// A socket on loopback that listens, and whose queue has no room for another connection.
struct FullListener {
    let port: Int
    private let descriptors: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 0) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isOpen else { throw FullListenerError(number: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        // A queue of length 0 takes one; what is begun beyond that waits.
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isFilled = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) == 0 }
        }
        guard isFilled else { throw FullListenerError(number: errno) }
        descriptors = [listener, filler]
    }

    func close() {
        for descriptor in descriptors { _ = Glibc.close(descriptor) }
    }
}

struct FullListenerError: Error {
    let number: Int32
}
