import Glibc
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Plan of an instance")
struct UpPlanTests {
    private let state = StateDirectory(path: "/srv/weir")
    private let cluster = ClusterLocation(
        directory: "/srv/weir/postgres", socketDirectory: "/srv/weir/run/pg", account: nil)
    private let ports = Array(20_001...20_007)

    @Test func eachServiceHasItsRoleAndItsHealthPort() {
        let plan = UpPlan(state: state, cluster: cluster, ports: ports, signingKey: "key")
        #expect(
            plan.all.map(\.name)
                == ["bus", "intake", "executor", "processor", "delivery", "scheduler"].map { "weir-\($0)" })
        #expect(Set(plan.all.map(\.healthPort)) == Set(ports.dropFirst()))
        for service in plan.services {
            let role = service.name.replacing("-", with: "_")
            #expect(service.settings["WEIR_DATABASE_URL"] == "postgresql://\(role)@/weir?host=%2Fsrv%2Fweir%2Frun%2Fpg")
            #expect(service.settings["WEIR_BUS_ENDPOINTS"] == "ipc:///srv/weir/run/bus/broker")
            #expect(service.settings["WEIR_HEALTH_PORT"] == String(service.healthPort))
        }
        #expect(plan.bus.settings["WEIR_DATABASE_URL"] == nil)
    }

    @Test func intakeListensWhereTheURLSays() {
        let plan = UpPlan(state: state, cluster: cluster, ports: ports, signingKey: "key")
        #expect(plan.url == "http://127.0.0.1:20001")
        #expect(plan.services[0].settings["WEIR_HTTP_PORT"] == "20001")
        #expect(plan.services[1].settings["WEIR_HTTP_PORT"] == nil)
    }

    @Test func everyServiceKnowsAllPortsOfTheInstance() {
        let plan = UpPlan(state: state, cluster: cluster, ports: ports, signingKey: "key")
        let text = ports.map(String.init).joined(separator: ",")
        #expect(plan.all.allSatisfy { $0.settings["WEIR_OUTBOUND_OWN_PORTS"] == text })
    }

    @Test func signingKeyGoesToThoseWhoMakeOrTakeLinksAndStaysTheSame() async throws {
        let plan = UpPlan(state: state, cluster: cluster, ports: ports, signingKey: "key")
        let holders = plan.all.filter { $0.settings["WEIR_SIGNING_KEY"] == "key" }.map(\.name)
        #expect(holders == ["weir-intake", "weir-executor", "weir-processor", "weir-delivery"])
        try await withTemporaryState { state in
            let key = try SigningKey.load(state)
            #expect(key.count == 64)
            #expect(try SigningKey.load(state) == key)
        }
    }

    @Test func furtherSettingsGoOverThePlan() {
        let plan = UpPlan(
            state: state, cluster: cluster, ports: ports, signingKey: "key", settings: ["WEIR_SHUTDOWN_TIMEOUT": "1s"])
        #expect(plan.all.allSatisfy { $0.settings["WEIR_SHUTDOWN_TIMEOUT"] == "1s" })
    }

    @Test func chosenPortsAreDifferentAndFree() throws {
        let ports = try FreePorts.choose(20)
        #expect(Set(ports).count == 20)
        let port = try #require(firstToBecomeFree(ports))
        #expect(try FreePorts.choose(1, preferred: port) == [port])
    }

    /// A process that another test is just starting holds all descriptors of this one for a moment, and with them the ports; and another test
    /// may choose one of them for good.
    private func firstToBecomeFree(_ ports: [Int]) -> Int? {
        for _ in 0..<3_000 {
            if let port = ports.first(where: FreePorts.isFree) { return port }
            // Nothing tells when a port becomes free; this looks for half a minute.
            usleep(10_000)
        }
        return nil
    }

    @Test func portOfConnectionsThatEndedAMomentAgoIsFree() throws {
        let (listener, port) = listenSomewhere()
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = LoopbackAddress.make(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        #expect(isConnected && !FreePorts.isFree(port))
        // The side that closes first remembers the connection (TIME_WAIT).
        close(accept(listener, nil, nil))
        var byte: UInt8 = 0
        #expect(read(client, &byte, 1) == 0)
        close(client)
        close(listener)
        // The kernel would remember for twice as long.
        #expect(firstToBecomeFree([port]) == port)
    }

    @Test func rememberedPortIsReadBackAndNonsenseIsNone() async throws {
        try await withTemporaryState { state in
            #expect(RememberedPort.read(state) == nil)
            try RememberedPort.write(20_480, state)
            #expect(RememberedPort.read(state) == 20_480)
            for nonsense in ["", "many", "70000", "-1"] {
                try nonsense.write(toFile: state.httpPortPath, atomically: true, encoding: .utf8)
                #expect(RememberedPort.read(state) == nil)
            }
        }
    }

    @Test func preferredPortInUseIsAnError() throws {
        let (descriptor, port) = listenSomewhere()
        defer { close(descriptor) }
        let error = #expect(throws: UpError.self) { try FreePorts.choose(2, preferred: port) }
        #expect(error?.problem.contains(String(port)) == true)
    }

    /// A socket that listens on any free port, as a server does.
    private func listenSomewhere() -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var reuses: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<Int32>.size))
        var address = LoopbackAddress.make(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                _ = getsockname(descriptor, $0, &length)
            }
        }
        #expect(listen(descriptor, 1) == 0)
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
