/// The services of the instance that runs in this clone, if one does: what each says of itself.
struct ServiceCheck {
    let context: CommandContext

    func findings() async -> [Finding] {
        guard let running = context.runningInstance() else { return [] }
        let findings = await withTaskGroup(of: Finding?.self, returning: [Finding].self) { group in
            for (name, url) in running.healthURLs {
                group.addTask { await Self.finding(name, url, log: running.logPaths[name]) }
            }
            var found: [Finding] = []
            for await finding in group { finding.map { found.append($0) } }
            return found
        }
        return findings.sorted { $0.subject < $1.subject }
    }

    private static func finding(_ name: String, _ url: String, log: String?) async -> Finding? {
        guard let port = url.split(separator: ":").last.flatMap({ Int($0) }) else { return nil }
        let remedy = "See \(log ?? "its log")"
        return switch await ReadinessProbe.ask(port: port) {
        case .ready: .ok(name, "ready (\(url))")
        case .notReady(let text): .fail(name, "not ready: \(text)", remedy: remedy)
        case .unreachable: .fail(name, "does not answer at \(url)", remedy: remedy)
        }
    }
}
