import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The process's own figures under the names that Prometheus' client libraries use, read when metrics are printed.
enum ProcessMetrics {
    /// Adds CPU time, memory, open descriptors and the start time to `registry`.
    static func register(in registry: PrometheusRegistry, service: String, clock: WallClock) {
        let startedAt = Double(clock.nanosecondsSinceEpoch()) * 1e-9
        registry.sampledGauge("process_start_time_seconds", "When the process started, in seconds since 1970.") {
            startedAt
        }
        registry.sampledCounter("process_cpu_seconds_total", "User and system CPU time.", value: cpuSeconds)
        registry.sampledGauge("process_resident_memory_bytes", "Resident memory.", value: residentBytes)
        registry.sampledGauge("process_open_fds", "Open file descriptors.", value: openDescriptors)
        registry.sampledGauge(
            "weir_build_info", "1; the labels name the service and its version.",
            labels: [("service", service), ("version", ServiceVersion.current)]
        ) { 1 }
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return .nan }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The second field of `/proc/self/statm` is the resident set in pages (proc(5)); NaN where there is no such file.
    private static func residentBytes() -> Double {
        guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return .nan }
        let fields = String(decoding: data, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Double(fields[1]) else { return .nan }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func openDescriptors() -> Double {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else { return .nan }
        return Double(entries.count)
    }
}
