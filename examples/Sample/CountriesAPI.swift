import ArgumentParser
import Hummingbird
import NIOCore

/// An HTTP API that serves one country per request, from the ISO 3166 list of Debian's iso-codes.
struct CountriesAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve GET /countries/XX (two-letter codes) and GET /stats."
    )

    @OptionGroup var listen: ListenOptions

    @Option(help: "The ISO 3166 list.")
    var isoFile = "/usr/share/iso-codes/json/iso_3166-1.json"

    @Option(help: "How long each answer waits, in milliseconds.")
    var latencyMs = 0

    func validate() throws {
        guard (0...60_000).contains(latencyMs) else { throw ValidationError("--latency-ms takes 0 to 60000.") }
    }

    func run() async throws {
        let countries = try CountryList(file: isoFile)
        let stats = CallStatistics()
        let latency = Duration.milliseconds(latencyMs)
        let router = Router()
        router.get("countries/:code") { _, context in
            let code = try context.parameters.require("code")
            if latency > .zero { try await Task.sleep(for: latency) }
            guard let country = countries[code] else {
                stats.count(code: code, isFound: false)
                return Response.problem(.notFound, title: "No such country", detail: "There is no country \(code).")
            }
            stats.count(code: code, isFound: true)
            return Response(
                status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: country)
            )
        }
        router.get("stats") { _, _ in stats.snapshot }
        try await serve(router, listen, name: "countries-api")
    }
}
