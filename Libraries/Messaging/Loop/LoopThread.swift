import CZeroMQ
import Glibc

/// A named thread of its own for a loop that sleeps in `zmq_poll`, away from the cooperative pool.
package enum LoopThread {
    private final class Body {
        let name: String
        let run: () -> Void

        init(name: String, run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread that runs the body once.
    ///
    /// - Parameter name: what `top` and `gdb` show; the kernel keeps 15 characters.
    /// - Throws: `system` when the system has no thread to give.
    package static func start(name: String, body: sending @escaping () -> Void) throws(MessagingError) {
        let retained = Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                weir_name_current_thread(body.name)
                body.run()
                return nil
            }, retained.toOpaque())
        guard status == 0 else {
            retained.release()
            throw MessagingError(.system(status), "pthread_create: \(String(cString: strerror(status)))")
        }
        pthread_detach(thread)
    }
}
