import Outbound

/// Intake: it answers, and it knows the key.
struct IntakeCheck {
    /// The id of no request: what intake says of it shows that it read the key and asked the database.
    private static let nobody = "00000000-0000-0000-0000-000000000000"

    /// Whoever asks the doctor wants to know soon. Intake itself gives its database up after some ten seconds.
    private static let patience: Duration = .seconds(5)

    let context: CommandContext
    let options: IntakeOptions

    func findings() async -> [Finding] {
        do {
            let url = try context.intakeURL(options)
            return try await IntakeClient.withClient(options, context) { client in
                do {
                    _ = try await client.status(of: Self.nobody, timeout: Self.patience)
                    return [.ok("intake", "\(url) answers")]
                } catch let error as CommandError {
                    return [finding(of: error, url: url)]
                } catch let error as OutboundError where error.code == .timeout {
                    return [
                        .fail(
                            "intake", "\(url) gives no answer within \(DurationText.of(Self.patience))",
                            remedy: "It waits for its database, or hangs: see 'database' above, and weir-intake's log")
                    ]
                }
            }
        } catch {
            return [.unreachable("intake", error, remedy: "Start weir-intake; check WEIR_URL and WEIR_API_KEY")]
        }
    }

    private func finding(of error: CommandError, url: String) -> Finding {
        // "There is no such request" is the answer that is hoped for.
        if error.httpStatus == 404 { return .ok("intake", "\(url) answers and knows the key") }
        let log = error.httpStatus == 503 ? "See 'database' above, and weir-intake's log" : "See weir-intake's log"
        return .fail("intake", "\(url): \(error.problem)", remedy: error.remedy ?? log)
    }
}
