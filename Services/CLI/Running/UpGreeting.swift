import JSON

/// What `weir up` says when everything runs.
struct UpGreeting {
    let context: CommandContext
    let running: RunningInstance
    let state: StateDirectory
    let apiKey: String

    func print(json: Bool) {
        let console = context.console
        guard !json else { return console.print(self.json.description) }
        let style = console.style
        console.print()
        console.print(style.bold("Weir runs."))
        console.print()
        console.print("  URL        \(style.green(running.url))")
        console.print("  API key    \(apiKey)   (organization \(InstancePreparation.organization))")
        console.print("  database   \(running.databaseURL)")
        console.print("  logs       \(state.logDirectory)")
        console.print()
        console.print("In another terminal:")
        for line in SuggestedCommand.lines(suggestions) { console.print(line) }
        console.print("README.md says how to receive results as webhooks.")
        console.print()
        console.print("Elsewhere: export WEIR_URL=\(running.url) WEIR_API_KEY=…")
        console.print(style.faint("Ctrl-C ends all of it."))
    }

    /// From another terminal's point of view: it is in no particular directory and has not what this one was told by a flag.
    var suggestions: [SuggestedCommand] {
        let weir = context.command()
        let example = "examples/countries.yaml"
        let path = (try? ExampleFile.locate("countries.yaml", context)) ?? example
        let isBelow = path == "\(context.currentDirectory)/\(example)"
        var commands = [SuggestedCommand("cd \(SuggestedCommand.quoted(context.currentDirectory))")]
        if state != context.defaultStateDirectory {
            commands.append(SuggestedCommand("export WEIR_STATE_DIR=\(SuggestedCommand.quoted(state.path))"))
        }
        return commands + [
            SuggestedCommand("\(context.command("weir-sample")) countries-api --port 4001 &", "an API to ask"),
            SuggestedCommand(
                "\(weir) apply -f \(SuggestedCommand.quoted(isBelow ? example : path))", "what there is to do"),
            SuggestedCommand("\(weir) submit look_up_countries --objects NO,AX,ZM --wait"),
            SuggestedCommand("\(weir) tail", "watch the bus"),
            SuggestedCommand("\(weir) doctor", "is all well?"),
        ]
    }

    private var json: JSONValue {
        [
            "url": .string(running.url), "api_key": .string(apiKey), "database_url": .string(running.databaseURL),
            "bus_endpoints": .string(running.busEndpoints), "bus_events": .string(running.busEvents),
            "bus_keys": .string(state.busKeysPath), "state_dir": .string(state.path),
            "process_id": .number(JSONNumber(running.processID)),
            "health_urls": .object(
                JSONObject(running.healthURLs.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) })),
        ]
    }
}
