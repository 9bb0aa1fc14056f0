internal import CLibPQ
internal import Glibc

/// A thread of the system that runs one closure and ends. For calls that block: they must not stand on the cooperative pool.
enum DetachedThread {
    /// Enough for libpq, TLS and look-ups; only what is touched takes memory.
    private static let stackBytes = 512 * 1024

    /// - Throws: ``PostgresError/Code/connection`` if the system gives no thread.
    static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        let status = create(Unmanaged.passRetained(Body(name: name, run: body)))
        guard status == 0 else { throw PostgresError(.connection, "no thread for a connection: errno \(status)") }
    }

    private static func create(_ body: Unmanaged<Body>) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackBytes)
        var thread = pthread_t()
        let status = pthread_create(&thread, &attributes, runBody, body.toOpaque())
        pthread_attr_destroy(&attributes)
        if status != 0 { body.release() }
        return status
    }

    private static let runBody: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { context in
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        weir_name_thread(body.name)
        blockSignals()
        body.run()
        return nil
    }

    /// Signals are for the program's own threads.
    private static func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }

    private final class Body: Sendable {
        /// Linux keeps the first 15 bytes.
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
