import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

// Options come first, then the environment, then the Weir that runs in this clone.
extension CommandContext {
    /// The instance of 'weir up' whose state is where this clone's would be.
    func runningInstance() -> RunningInstance? {
        guard let state = try? stateDirectory() else { return nil }
        return RunningInstance.find(state)
    }

    /// Intake's base address, without a slash at its end.
    func intakeURL(_ options: IntakeOptions) throws(CommandError) -> String {
        let address = try address(
            options.url, "WEIR_URL", \.url, what: "intake's address", option: "--url http://HOST:PORT")
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            throw .usage(
                "'\(address)' cannot be intake's address",
                remedy: "It begins with http:// or https://, such as http://127.0.0.1:8080")
        }
        return address.hasSuffix("/") ? String(address.dropLast()) : address
    }

    /// The organization's key.
    func apiKey(_ options: IntakeOptions) throws(CommandError) -> String {
        if let key = options.apiKey ?? variable("WEIR_API_KEY") {
            guard !key.isEmpty else {
                throw .usage("--api-key is empty", remedy: "Give a key, or leave it out; 'weir key create' makes one")
            }
            return key
        }
        if let path = runningInstance()?.apiKeyPath, let text = try? String(contentsOfFile: path, encoding: .utf8) {
            return text.filter { !$0.isWhitespace }
        }
        throw .usage(
            "There is no API key",
            remedy: "Set WEIR_API_KEY or give --api-key; 'weir key create --org ORG --name NAME' makes one")
    }

    /// The database as an administrator.
    func databaseURL(_ options: DatabaseOptions) throws(CommandError) -> String {
        try address(
            options.databaseUrl, "WEIR_DATABASE_URL", \.databaseURL, what: "the database's address",
            option: "--database-url postgresql://USER@HOST/NAME")
    }

    /// The bus with its feed and this command's keys.
    func busConfiguration(_ options: BusOptions) throws -> BusConfiguration {
        let endpoints = try address(
            options.bus, "WEIR_BUS_ENDPOINTS", \.busEndpoints, what: "the bus' address", option: "--bus tcp://HOST:PORT"
        )
        // Options and environment speak of one bus, the running instance of another: its feed and keys fit its own endpoint only.
        let running = options.bus == nil && variable("WEIR_BUS_ENDPOINTS") == nil ? runningInstance() : nil
        let runningKeys = running == nil ? nil : try stateDirectory().busKeysPath
        let keys = options.busKeys.map(path) ?? variable("WEIR_BUS_KEYS") ?? runningKeys
        return BusConfiguration(
            endpoints: endpoints.split(separator: ",").map { $0.filter { !$0.isWhitespace } },
            eventsEndpoint: options.events ?? variable("WEIR_BUS_EVENTS") ?? running?.busEvents,
            curve: try keys.map { try KeyDirectory(path: $0).clientKeys(for: BusKeys.commandLineName) },
            name: BusKeys.commandLineName)
    }

    private func address(
        _ option: String?, _ variable: String, _ property: KeyPath<RunningInstance, String>, what: String,
        option hint: String
    ) throws(CommandError) -> String {
        if let address = option ?? self.variable(variable) ?? runningInstance()?[keyPath: property] { return address }
        throw CommandError(
            "No Weir runs in this clone, and neither an option nor \(variable) says \(what)",
            remedy: "Start one with 'weir up', set \(variable), or give \(hint)", status: .unreachable)
    }
}
