import Bus
import Glibc
import Logging
import Messaging

/// Measures the bus on this machine and prints one JSON object: messages per second and one-way latency through the broker,
/// beside raw PUSH/PULL sockets of libzmq without one.
///
/// Publisher, broker and consumer share this process but no thread, and talk over TCP on the loopback interface.
@main
struct BusBench {
    static func main() async throws {
        var results: [String] = []
        for bodyBytes in [200, 2_000] {
            for round in 1...3 {
                let broker = try await ThroughputBench(bodyBytes: bodyBytes, messages: 400_000).run()
                let raw = try RawBench(bodyBytes: bodyBytes, messages: 400_000).run()
                results.append(
                    #"{"bench":"throughput","body_bytes":\#(bodyBytes),"round":\#(round),"#
                        + #""broker_messages_per_second":\#(broker),"push_pull_messages_per_second":\#(raw)}"#)
            }
            let latency = try await LatencyBench(bodyBytes: bodyBytes, messages: 5_000).run()
            results.append(
                #"{"bench":"latency","body_bytes":\#(bodyBytes),"median_us":\#(latency.median),"#
                    + #""p99_us":\#(latency.p99)}"#)
        }
        print("[\n  " + results.joined(separator: ",\n  ") + "\n]")
    }

    static var logger: Logger {
        var logger = Logger(label: "bus-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }

    /// Nanoseconds on the monotonic clock.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
