/// The settings of an embedded cluster: durable, and sized for one machine that runs everything.
enum ClusterSettings {
    /// Given on the server's command line, so that a newer Weir brings its newer settings to an older data directory.
    static let standard: [String: String] = [
        "autovacuum_naptime": "15s",
        "checkpoint_timeout": "15min",
        // Short statements only: compiling them costs more than it saves.
        "jit": "off",
        "log_line_prefix": "%m [%p] %q%u ",
        "log_timezone": "UTC",
        "max_connections": "120",
        "max_wal_size": "4GB",
        "random_page_cost": "1.1",
        "shared_buffers": "256MB",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "wal_buffers": "16MB",
        "wal_compression": "lz4",
    ]

    /// All that the server's programs get to see of the environment.
    static let environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"]
}
