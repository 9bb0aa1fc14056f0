/// The services did not end in time, neither when asked nor when cancelled.
struct ShutdownTimeoutError: Error, CustomStringConvertible {
    let timeout: Duration

    var description: String {
        "The services did not stop within \(timeout) and were left behind; work they had claimed is claimed again by others."
    }
}
