import Logging
import Testing

@testable import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Runtime configuration")
struct RuntimeConfigurationTests {
    private func configuration(_ environment: [String: String], file: [String: String] = [:]) -> RuntimeConfiguration {
        RuntimeConfiguration(environment: environment, fileValues: file)
    }

    @Test func environmentGoesBeforeTheFileAndTheFileBeforeTheDefault() {
        let settings = configuration(["WEIR_A": "environment"], file: ["WEIR_A": "file", "WEIR_B": "file"])
        #expect(settings.string("WEIR_A", default: "default") == "environment")
        #expect(settings.string("WEIR_B", default: "default") == "file")
        #expect(settings.string("WEIR_C", default: "default") == "default")
        #expect(settings.string("WEIR_C") == nil)
    }

    @Test func variableSetToNothingCountsAsUnset() {
        #expect(configuration(["WEIR_A": ""], file: ["WEIR_A": "file"]).string("WEIR_A") == "file")
        #expect(throws: ConfigurationError.self) { try configuration(["WEIR_A": ""]).requiredString("WEIR_A") }
    }

    @Test func missingSettingIsNamedWithWhatToDo() {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration([:]).requiredString("WEIR_DATABASE_URL")
        }
        #expect(
            error?.description
                == "WEIR_DATABASE_URL is not set. Set it in the environment or in the file named by WEIR_CONFIG (see docs/configuration.md)."
        )
    }

    @Test(arguments: ["", "x", "1.5", "-1", "9", "99999999999999999999", "1e1", " 4"])
    func wholeNumberOutsideItsFormOrRangeIsRefused(text: String) throws {
        let settings = configuration(["WEIR_N": text])
        if text.isEmpty {
            #expect(try settings.int("WEIR_N", default: 3, in: 1...8) == 3)
        } else {
            let error = #expect(throws: ConfigurationError.self) { try settings.int("WEIR_N", default: 3, in: 1...8) }
            #expect(error?.description == "WEIR_N is \"\(text)\". Set it to a whole number from 1 to 8.")
        }
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("1.5s", .milliseconds(1_500)), ("5m", .seconds(300)),
        ("2h", .seconds(7_200)),
        ("7d", .seconds(604_800)), ("20us", .microseconds(20)), ("0", .zero), ("3 s", .seconds(3)),
    ])
    func durationIsANumberWithAUnit(text: String, expected: Duration) throws {
        #expect(try configuration(["WEIR_D": text]).duration("WEIR_D", default: .seconds(9)) == expected)
    }

    @Test func durationsAreAListOfThem() throws {
        func read(_ text: String?) throws -> [Duration] {
            try configuration(text.map { ["WEIR_D": $0] } ?? [:]).durations(
                "WEIR_D", default: [.seconds(9)], in: .zero ... .seconds(60), countMax: 3)
        }
        #expect(try read(nil) == [.seconds(9)])
        #expect(try read("250ms, 5s,1m") == [.milliseconds(250), .seconds(5), .seconds(60)])
        for wrong in ["5", "5s,soon", "5s,2m", "1s,2s,3s,4s"] {
            #expect(throws: ConfigurationError.self) { try read(wrong) }
        }
    }

    @Test(arguments: ["5", "s", "-1s", "1e3s", "1.2.3s", "5 minutes", "99999999999999d"])
    func durationOfAnotherFormIsRefused(text: String) {
        #expect(throws: ConfigurationError.self) {
            try configuration(["WEIR_D": text]).duration("WEIR_D", default: .zero)
        }
    }

    @Test(arguments: [
        ("65536", 65_536), ("64KiB", 65_536), ("8mib", 8 << 20), ("1GiB", 1 << 30), ("2kB", 2_000), ("0", 0),
    ])
    func byteCountMayHaveAUnit(text: String, expected: Int) throws {
        #expect(try configuration(["WEIR_B": text]).bytes("WEIR_B", default: 1) == expected)
    }

    @Test(arguments: ["lots", "1TB", "-5", "99999999999GiB"])
    func byteCountOfAnotherFormIsRefused(text: String) {
        #expect(throws: ConfigurationError.self) { try configuration(["WEIR_B": text]).bytes("WEIR_B", default: 1) }
    }

    @Test func yesAndNoHaveTheirUsualSpellings() throws {
        for text in ["true", "YES", "on", "1"] {
            #expect(try configuration(["WEIR_F": text]).bool("WEIR_F", default: false))
        }
        for text in ["false", "No", "off", "0"] {
            #expect(try !configuration(["WEIR_F": text]).bool("WEIR_F", default: true))
        }
        #expect(throws: ConfigurationError.self) {
            try configuration(["WEIR_F": "maybe"]).bool("WEIR_F", default: true)
        }
    }

    @Test func choiceListsWhatThereIs() throws {
        #expect(
            try configuration(["WEIR_LOG_FORMAT": "JSON"]).choice("WEIR_LOG_FORMAT", default: LogFormat.text) == .json)
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(["WEIR_LOG_FORMAT": "xml"]).choice("WEIR_LOG_FORMAT", default: LogFormat.text)
        }
        #expect(error?.description.contains("one of text, json") == true)
    }

    @Test func listIsSplitAtCommas() {
        #expect(configuration(["WEIR_L": " a, b,,c "]).list("WEIR_L") == ["a", "b", "c"])
        #expect(configuration([:]).list("WEIR_L", default: ["x"]) == ["x"])
    }

    @Test func longValueIsCutInTheError() {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(["WEIR_N": String(repeating: "x", count: 10_000)]).int("WEIR_N", default: 1)
        }
        #expect((error?.description.count ?? 0) < 200)
    }
}

@Suite("File of settings")
struct EnvironmentFileTests {
    @Test func linesCommentsQuotesAndExportAreRead() throws {
        let text = "# comment\n\nWEIR_A=1\r\n export WEIR_B = \"two words\" \nWEIR_C='#x=y'\nWEIR_D=\nWEIR_A=2\n"
        let values = try EnvironmentFile.parse(text, path: "f")
        #expect(values == ["WEIR_A": "2", "WEIR_B": "two words", "WEIR_C": "#x=y", "WEIR_D": ""])
    }

    @Test(arguments: ["WEIR_A", "=x", "WEIR-A=x", "WEIR A=x"])
    func lineOfAnotherFormIsRefusedByItsNumber(line: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try EnvironmentFile.parse("WEIR_X=1\n\(line)", path: "/etc/weir.env")
        }
        #expect(error?.setting == "/etc/weir.env:2")
    }

    @Test func fileNamedByWEIRCONFIGIsRead() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString).env")
        try Data("WEIR_A=file\n".utf8).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let settings = try RuntimeConfiguration(environment: ["WEIR_CONFIG": path.path()])
        #expect(settings.string("WEIR_A") == "file")
    }

    @Test func variablesOfTheFileStandBelowThoseOfTheProcess() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "weir-\(UUID().uuidString).env")
        try Data("WEIR_A=file\nWEIR_B=file\nWEIR_SECRET_TOKEN=file\n".utf8).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let environment = ["WEIR_CONFIG": path.path(), "WEIR_A": "process", "WEIR_B": ""]
        let variables = try RuntimeConfiguration.variables(environment)
        #expect(
            variables == [
                "WEIR_CONFIG": path.path(), "WEIR_A": "process", "WEIR_B": "file", "WEIR_SECRET_TOKEN": "file",
            ])
        let context = try RuntimeContext(name: "test", environment: environment, logger: Logger(label: "test"))
        #expect(try context.secrets.resolve("token") == "file")
    }

    @Test func fileThatIsNotThereIsNamed() {
        let error = #expect(throws: ConfigurationError.self) {
            try RuntimeConfiguration(environment: ["WEIR_CONFIG": "/no/such/file"])
        }
        #expect(error?.description.contains("/no/such/file") == true)
    }
}
