import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir result`, on connections that break.
    @Suite("weir result")
    struct ResultCommandTests {
        /// 14 MiB, four parts.
        private func withResult(_ body: (Platform, FabricatedResult) async throws -> Void) async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel"], activity: "quiet")
                _ = try await platform.client.wait(for: id, toBe: "done")
                try await body(
                    platform,
                    try await FabricatedResult(
                        of: id, objects: 60_000, chunkObjects: 1_000, noteBytes: 190, in: platform.database))
            }
        }

        private func variables(_ url: String, _ platform: Platform) -> [String: String] {
            ["WEIR_URL": url, "WEIR_API_KEY": platform.client.key ?? ""]
        }

        @Test func goesOnByItselfWhenTheConnectionBreaks() async throws {
            try await withResult { platform, result in
                let proxy = try CuttingProxy(
                    upstream: platform.port, cuttingAfter: [0, 5_000_000, 100, 4_200_000, 1_000_000])
                try await WeirProgram.with(variables: variables(proxy.url, platform)) { weir in
                    let lines = try await weir.run("result", result.id, "--format", "ndjson")
                    #expect(
                        lines.status == 0 && FabricatedResult.hash(lines.output.utf8) == result.hash, "\(lines.errors)")
                    #expect(proxy.connections > 5)
                    let json = try await weir.run("result", result.id, "--format", "json")
                    let whole = try await platform.client.get(
                        "\(IntakeClient.requests)/\(result.id)/result?format=json")
                    #expect(json.status == 0 && Array(json.output.utf8) == whole.body + [UInt8(ascii: "\n")])
                }
                await proxy.stop()
            }
        }

        @Test func completesAnUnfinishedFile() async throws {
            try await withResult { platform, result in
                // After the second part, nothing more.
                let proxy = try CuttingProxy(
                    upstream: platform.port, cuttingAfter: [9_000_000] + [Int](repeating: 0, count: 100_000))
                try await WeirProgram.with(variables: variables(proxy.url, platform)) { weir in
                    let file = weir.directory.appending(path: "result.ndjson")
                    let part = file.path + ".1-ndjson.part"
                    let arguments = ["result", result.id, "--format", "ndjson", "--output", file.path]
                    let first = try weir.process(arguments)
                    try await first.start()
                    try await eventually("two parts in the file") { try size(part) == 8 << 20 }
                    await first.kill9()
                    #expect(!FileManager.default.fileExists(atPath: file.path))

                    var direct = weir
                    direct.variables["WEIR_URL"] = platform.publicURL
                    let second = try direct.process(arguments)
                    try await second.start()
                    let status = await second.exitStatus()
                    #expect(
                        status == 0 && second.errors.contains("going on after 8.0 MiB"), "it said: \(second.errors)")
                    #expect(try FabricatedResult.hash(file) == result.hash)
                    #expect(!FileManager.default.fileExists(atPath: part))

                    let csv = weir.directory.appending(path: "result.csv")
                    let third = try await direct.run("result", result.id, "--format", "csv", "--output", csv.path)
                    let rows = try String(contentsOf: csv, encoding: .utf8).split(separator: "\r\n")
                    #expect(third.status == 0 && rows.count == 60_001 && rows[1].hasPrefix("object 0,0,xxx"))
                    let json = weir.directory.appending(path: "result.json")
                    let fourth = try await direct.run("result", result.id, "--format", "json", "--output", json.path)
                    let whole = try await platform.client.get(
                        "\(IntakeClient.requests)/\(result.id)/result?format=json")
                    #expect(fourth.status == 0)
                    #expect(try Array(Data(contentsOf: json)) == whole.body + [UInt8(ascii: "\n")])
                }
                await proxy.stop()
            }
        }

        @Test func aRequestThatIsTakenUpAgainMeanwhileIsAnErrorAndNotAMixture() async throws {
            try await withResult { platform, result in
                let proxy = try CuttingProxy(
                    upstream: platform.port, cuttingAfter: [9_000_000] + [Int](repeating: 0, count: 100_000))
                try await WeirProgram.with(variables: variables(proxy.url, platform)) { weir in
                    let process = try weir.process(["result", result.id, "--format", "ndjson"])
                    try await process.start()
                    try await eventually("two parts") { process.log.utf8.count == 8 << 20 }
                    _ = try await platform.database.column(
                        Int32.self,
                        """
                        update public.activity_request set state = 'in_progress', state_substate = null, round = round + 1
                        where id = $1::text::uuid returning 1
                        """, result.id)
                    try await eventually("the result of the second round") {
                        try await platform.client.get("\(IntakeClient.requests)/\(result.id)/result?round=2").status
                            == 200
                    }
                    // As long as the first: only its tag tells it from that.
                    _ = try await FabricatedResult(
                        of: result.id, objects: 60_000, chunkObjects: 1_000, noteBytes: 191, in: platform.database)
                    proxy.heal()
                    let status = await process.exitStatus()
                    #expect(status == 1 && process.errors.contains("was taken up again while its result was fetched"))
                    _ = try await platform.client.wait(for: result.id, toBe: "done")
                }
                await proxy.stop()
            }
        }

        @Test func provenanceIsThereForPrograms() async throws {
            try await withPlatform { platform in
                let id = try await platform.client.submit(["Abel", "Bebel"], activity: "quiet")
                _ = try await platform.client.wait(for: id, toBe: "done")
                let whole = try await platform.client.get(
                    "\(IntakeClient.requests)/\(id)/result?format=ndjson&provenance=true")
                #expect(whole.lines[1]["provenance"]?["employees"]?["source"] == "registry")
                try await WeirProgram.with(variables: variables(platform.publicURL, platform)) { weir in
                    let lines = try await weir.run("result", id, "--format", "ndjson", "--provenance")
                    #expect(lines.status == 0 && Array(lines.output.utf8) == whole.body)
                    let json = try await weir.run("result", id, "--format", "json", "--provenance")
                    #expect(json.json["objects"]?.arrayValue == whole.lines && json.json["id"] == .string(id))
                    let file = weir.directory.appending(path: "result.ndjson")
                    let written = try await weir.run(
                        "result", id, "--format", "ndjson", "--provenance", "--output", file.path)
                    #expect(written.status == 0)
                    #expect(try Array(Data(contentsOf: file)) == whole.body)
                    let table = try await weir.run("result", id, "--provenance")
                    #expect(table.status == 2 && table.errors.contains("--format json"))
                }
            }
        }

        private func size(_ path: String) throws -> Int {
            try URL(fileURLWithPath: path).resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        }
    }
}
