internal import CLibPQ
internal import Glibc

/// What is needed to cancel the statement that a session runs.
///
/// `@unchecked Sendable`: `PGcancel` is constant after creation; "it is thread-safe in itself" to call `PQcancel` with it from another
/// thread (https://www.postgresql.org/docs/15/libpq-cancel.html), and `deinit` runs after the last call.
final class CancelRequest: @unchecked Sendable {
    private let request: OpaquePointer

    init(_ request: OpaquePointer) {
        self.request = request
    }

    deinit {
        PQfreeCancel(request)
    }

    /// Asks the server and waits until it has passed the request on to the session. Blocks: opens a connection of its own.
    /// Gives libpq's reason if that was not possible.
    func send() -> String? {
        var reason = [CChar](repeating: 0, count: 256)
        guard PQcancel(request, &reason, Int32(reason.count)) == 0 else { return nil }
        return String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
