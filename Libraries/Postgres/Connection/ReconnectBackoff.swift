/// Pauses between attempts to connect: they double from a minimum to a maximum and vary at random, so that the connections of
/// many processes do not come back in step.
struct ReconnectBackoff: Sendable {
    private let minimum: Duration
    private let maximum: Duration
    private var next: Duration

    init(minimum: Duration, maximum: Duration) {
        self.minimum = max(minimum, .milliseconds(1))
        self.maximum = max(maximum, self.minimum)
        next = self.minimum
    }

    /// The pause after one more failure: between half of the step and all of it. `random` gives a number from 0 to 1.
    mutating func pause(random: () -> Double = { Double.random(in: 0...1) }) -> Duration {
        let step = next
        next = min(maximum, next * 2)
        return step / 2 + step / 2 * random()
    }

    /// Begins again after a success.
    mutating func reset() {
        next = minimum
    }
}
