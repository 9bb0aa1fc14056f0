import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where Postgres' server programs are on this machine.
struct PostgresBinaries: Sendable, Equatable {
    /// The directory that holds `initdb` and `postgres`.
    let directory: String

    var initdb: String { "\(directory)/initdb" }
    var postgres: String { "\(directory)/postgres" }

    /// The newest version in Debian's `/usr/lib/postgresql/N/bin`, else what is in `PATH`. Debian does not put the server's
    /// programs into `PATH`, since several versions live side by side.
    ///
    /// - Throws: ``UpError`` when there is none.
    static func locate(environment: [String: String], root: String = "/usr/lib/postgresql") throws(UpError)
        -> PostgresBinaries
    {
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        let debian = versions.sorted(by: >).map { "\(root)/\($0)/bin" }
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for directory in debian + path {
            let binaries = PostgresBinaries(directory: directory)
            if access(binaries.initdb, X_OK) == 0, access(binaries.postgres, X_OK) == 0 { return binaries }
        }
        throw UpError(
            "Postgres' server is not installed", remedy: "Run scripts/setup, or install Debian's postgresql package")
    }
}
