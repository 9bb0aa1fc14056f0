import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Calls whoever wanted to be called when a batch is over.
struct CallbackSender: Sendable {
    let state: APIState

    /// How long a batch with a callback takes.
    private static let delay: Duration = .milliseconds(100)
    private static let attempts = 3

    /// Ends a job after a while, and posts what that gives. Repeated when it is not taken.
    func send(to text: String, ending job: @escaping @Sendable () -> (some Encodable & Sendable)?) {
        guard let url = URL(string: text) else { return }
        Task {
            // The job takes its time: whoever submitted it has its id before this.
            try await Task.sleep(for: Self.delay)
            guard let view = job() else { return }
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            request.httpBody = try JSONEncoder().encode(view)
            for _ in 0..<Self.attempts {
                let answer = try? await URLSession.shared.data(for: request).1 as? HTTPURLResponse
                if let answer, (200..<300).contains(answer.statusCode) {
                    state.count { $0.callbacksTaken += 1 }
                    return
                }
                if answer != nil { state.count { $0.callbacksRefused += 1 } }
                // A receiver that did not take it is given a moment before the next try.
                try await Task.sleep(for: Self.delay)
            }
        }
    }

    /// An address like another, but for its last character: all that somebody has who does not know the signature.
    static func forged(_ url: String) -> String {
        url.dropLast() + (url.hasSuffix("0") ? "1" : "0")
    }
}
