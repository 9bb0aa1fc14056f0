import Testing

/// Lends all of Weir to a test, checks afterwards what must always hold, and removes it.
///
/// The services' logs are attached to the test; the end of each stands in the report when the test throws.
func withPlatform(
    _ options: Platform.Options = .init(), _ body: (Platform) async throws -> Void
) async throws {
    let platform = try await Platform(options)
    do {
        try await platform.start()
        try await body(platform)
        #expect(platform.fallen == [], "services ended although nobody told them to")
        for violation in try await platform.database.brokenInvariants() { Issue.record("\(violation)") }
    } catch {
        for (instance, text) in platform.logs {
            Issue.record("\(instance) wrote last:\n\(text.suffix(2_000))")
        }
        attachLogs(of: platform)
        try? await platform.remove()
        throw error
    }
    attachLogs(of: platform)
    try await platform.remove()
}

private func attachLogs(of platform: Platform) {
    for (instance, text) in platform.logs { Attachment.record(text, named: "\(instance).log") }
}
