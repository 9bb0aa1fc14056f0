import Runtime
import Testing

@testable import Assembly

@Suite("Own ports")
struct OwnPortsTests {
    private func ports(_ environment: [String: String]) throws -> Set<Int> {
        try OwnPorts.read(RuntimeConfiguration(environment: environment, fileValues: [:]))
    }

    @Test func portsOfAllSettingsThatNameOneAreOwn() throws {
        #expect(
            try ports([
                "WEIR_DATABASE_URL": "postgresql://weir_executor:s3cret@db.internal:5433/weir",
                "WEIR_BUS_ENDPOINTS": "tcp://10.0.0.5:7401, tcp://[fd00::5]:7402",
                "WEIR_BUS_EVENTS": "tcp://10.0.0.5:7403",
                "WEIR_PUBLIC_URL": "http://weir.internal:8081/base", "WEIR_HTTP_PORT": "8080",
                "WEIR_HEALTH_PORT": "9001", "WEIR_OUTBOUND_OWN_PORTS": "9002, 9003",
            ]) == [5433, 7401, 7402, 7403, 8081, 8080, 9001, 9002, 9003])
    }

    @Test func settingsWithoutAPortNameNone() throws {
        #expect(
            try ports([
                "WEIR_BUS_ENDPOINTS": "ipc:///run/weir/bus", "WEIR_PUBLIC_URL": "https://weir.example.com/a:1",
                "WEIR_HEALTH_PORT": "0",
            ]) == [])
    }

    @Test(arguments: [
        ("postgresql://weir@/weir?host=%2Frun%2Fpg", [5432]), ("host=db dbname=weir", [5432]),
        ("host=a,b port=5433,5434", [5433, 5434]), ("postgresql://a,b:5434/weir", [5432, 5434]),
        ("postgresql://[fd00::1]:6000/weir", [6000]),
    ])
    func databaseHasItsPortOrPostgresOwn(url: String, expected: [Int]) throws {
        #expect(try ports(["WEIR_DATABASE_URL": url]) == Set(expected))
    }

    @Test(arguments: ["0", "65536", "http", "1-5", "80;81"])
    func whatIsNoPortIsRefusedByName(text: String) {
        let error = #expect(throws: ConfigurationError.self) { try ports(["WEIR_OUTBOUND_OWN_PORTS": text]) }
        #expect(error?.setting == "WEIR_OUTBOUND_OWN_PORTS")
    }
}
