/// The services of the instance that runs in this clone, if one does: what each says of itself.
struct ServiceCheck {
    let context: CommandContext

    func findings() async -> [Finding] {
        guard let running = context.runningInstance() else { return [] }
        var findings: [Finding] = []
        for (name, url) in running.healthURLs.sorted(by: { $0.key < $1.key }) {
            guard let port = url.split(separator: ":").last.flatMap({ Int($0) }) else { continue }
            let remedy = "See \(running.logPaths[name] ?? "its log")"
            switch await ReadinessProbe.ask(port: port) {
            case .ready: findings.append(.ok(name, "ready (\(url))"))
            case .notReady(let text): findings.append(.fail(name, "not ready: \(text)", remedy: remedy))
            case .unreachable: findings.append(.fail(name, "does not answer at \(url)", remedy: remedy))
            }
        }
        return findings
    }
}
