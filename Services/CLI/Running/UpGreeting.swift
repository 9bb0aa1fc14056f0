import JSON

/// What `weir up` says when everything runs.
struct UpGreeting {
    let running: RunningInstance
    let state: StateDirectory
    let apiKey: String

    func print(_ console: Console, json: Bool) {
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
        console.print("In another terminal, from this clone:")
        console.print("  weir-sample countries-api --port 4001 &        an API to ask")
        console.print("  weir apply -f examples/countries.yaml          declare what there is to do")
        console.print("  weir submit enrich_countries --objects NO,AX,ZM --wait")
        console.print("  weir tail                                      watch the bus")
        console.print("  weir doctor                                    is all well?")
        console.print()
        console.print("Elsewhere: export WEIR_URL=\(running.url) WEIR_API_KEY=…")
        console.print(style.faint("Ctrl-C ends all of it."))
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
