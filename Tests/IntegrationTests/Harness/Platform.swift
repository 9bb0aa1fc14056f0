import Catalogue
import Contracts
import Crypto
import Foundation
import Logging
import Outbound
import Postgres
import Store
import Synchronization

/// All of Weir for one test: the real executables on a database, directory and ports of their own, a stub for the API that they call
/// and one for the endpoint that they deliver to.
final class Platform: Sendable {
    /// What a test wants different.
    struct Options: Sendable {
        /// The services that are started.
        var services = Set(ServiceName.allCases)
        /// Processes of single services; the others have one.
        var counts: [ServiceName: Int] = [:]
        /// Variables of all services.
        var shared: [String: String] = [:]
        /// Variables of single services; they win.
        var variables: [ServiceName: [String: String]] = [:]
        /// The service that reaches Postgres through a ``ForgetfulProxy``.
        var forgetful: ServiceName?
        /// The name of the secret in the catalogue.
        var secret = "HOOK"
        /// How often the registry is asked about an object, unless the catalogue's own number is good enough.
        var registryAttempts: Int?
        /// Organizations that get the catalogue and a key.
        var organizations = ["acme"]
        /// How long a service may be silent before others take its claims over. A busy machine may stop one for seconds, and what it has
        /// begun is then done twice: short only where a test waits for the claims of somebody who was killed.
        var lease = "15s"
    }

    /// The key that links are signed with.
    static let signingKey = "an integration test's own key"

    let database: TestDatabase
    let api: StubAPI
    let webhooks: WebhookReceiver
    /// One client for each organization, by its key.
    let clients: [String: IntakeClient]
    let publicURL: String
    let busEndpoint: String
    /// Between Postgres and the service that the options name; loses nothing until it is told to.
    let proxy: ForgetfulProxy
    private let processes: [ServiceInstance: ServiceProcess]
    private let running: Mutex<Set<ServiceInstance>>
    private let outbound: OutboundClient
    private let directory: URL

    /// The client of the first organization.
    var client: IntakeClient { clients.min { $0.key < $1.key }.unsafelyUnwrapped.value }

    /// Makes everything that the services need; ``start()`` starts them.
    init(_ options: Options) async throws {
        directory = try ShortDirectory.make()
        database = try await TestDatabase.make()
        api = try StubAPI()
        webhooks = try WebhookReceiver()
        let port = try FreePort.choose()
        publicURL = "http://127.0.0.1:\(port)"
        busEndpoint = "ipc://\(directory.path)/bus"
        let proxyDirectory = directory.appending(path: "pg")
        try FileManager.default.createDirectory(at: proxyDirectory, withIntermediateDirectories: false)
        proxy = try ForgetfulProxy(directory: proxyDirectory.path, upstream: database.socketDirectory)
        var configuration = OutboundClient.Configuration()
        configuration.allowedNetworks = ["127.0.0.0/8"]
        outbound = try OutboundClient(configuration: configuration, logger: .silent)
        var clients: [String: IntakeClient] = [:]
        for organization in options.organizations {
            var text = CatalogueText(
                organization: organization, api: api.url, webhooks: webhooks.url, secret: options.secret)
            text.registryAttempts = options.registryAttempts ?? text.registryAttempts
            try await database.apply(text.yaml)
            clients[organization] = IntakeClient(
                outbound: outbound, url: publicURL, key: try await database.makeKey(of: organization))
        }
        self.clients = clients
        let shared = [
            "PATH": "/usr/bin:/bin", "WEIR_BUS_ENDPOINTS": busEndpoint, "WEIR_BUS_EVENTS": busEndpoint + "-events",
            "WEIR_HTTP_PORT": "\(port)", "WEIR_PUBLIC_URL": publicURL, "WEIR_SIGNING_KEY": Self.signingKey,
            "WEIR_OUTBOUND_ALLOW": "127.0.0.0/8", "WEIR_SECRET_HOOK": webhooks.secret, "WEIR_LEASE": options.lease,
            "WEIR_SWEEP": "200ms", "WEIR_DELIVERY_RETRIES": "200ms,500ms,1s,5s,30s",
        ].merging(options.shared) { $1 }
        var processes: [ServiceInstance: ServiceProcess] = [:]
        for service in options.services {
            let url = database.url(of: service, through: service == options.forgetful ? proxy.directory : nil)
            let variables = shared.merging(["WEIR_DATABASE_URL": url]) { $1 }
            for number in 0..<options.counts[service, default: 1] {
                let instance = ServiceInstance(service, number)
                processes[instance] = ServiceProcess(
                    executable: try Executables.path(of: service.executable),
                    environment: variables.merging(options.variables[service] ?? [:]) { $1 },
                    logPath: directory.appending(path: "\(instance).log").path)
            }
        }
        self.processes = processes
        running = Mutex([])
    }

    // MARK: Processes

    /// Starts the services and returns when intake answers.
    func start() async throws {
        for instance in instances { try await start(instance.service, instance.number) }
        let anybody = IntakeClient(outbound: outbound, url: publicURL)
        try await eventually("intake's HTTP interface") { try await anybody.get("/healthz").status == 200 }
    }

    /// Starts a service, for the first time or again.
    func start(_ service: ServiceName, _ number: Int = 0) async throws {
        let instance = ServiceInstance(service, number)
        try await process(instance).start()
        running.withLock { _ = $0.insert(instance) }
    }

    /// Kills a service with SIGKILL and waits for its end.
    func kill9(_ service: ServiceName, _ number: Int = 0) async throws {
        let instance = ServiceInstance(service, number)
        running.withLock { _ = $0.remove(instance) }
        await (try process(instance)).kill9()
    }

    /// Stops a service with SIGTERM and gives its exit status.
    func terminate(_ service: ServiceName) async throws -> Int32? {
        let instance = ServiceInstance(service)
        running.withLock { _ = $0.remove(instance) }
        return await (try process(instance)).terminate()
    }

    /// The most memory that a service has had at once since it was started, in bytes.
    func peakMemory(of service: ServiceName) throws -> Int {
        guard let bytes = try process(ServiceInstance(service)).peakMemory else {
            throw HarnessError("\(service) does not run")
        }
        return bytes
    }

    /// The port of intake.
    var port: UInt16 { publicURL.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    private func process(_ instance: ServiceInstance) throws -> ServiceProcess {
        guard let process = processes[instance] else { throw HarnessError("\(instance) is not part of this test") }
        return process
    }

    private var instances: [ServiceInstance] { processes.keys.sorted() }

    /// Services that ended although nobody told them to.
    var fallen: [ServiceInstance] {
        running.withLock { $0 }.filter { processes[$0]?.isAlive == false }.sorted()
    }

    /// What the services have written.
    var logs: [(instance: ServiceInstance, text: String)] {
        instances.compactMap { instance in processes[instance].map { (instance, $0.log) } }
    }

    /// Ends everything and leaves nothing behind.
    func remove() async throws {
        for process in processes.values { await process.kill9() }
        await api.stop()
        await webhooks.stop()
        await proxy.stop()
        await outbound.close()
        try FileManager.default.removeItem(at: directory)
        try await database.remove()
    }
}

extension TestDatabase {
    /// Applies a catalogue, as `weir apply` does.
    func apply(_ yaml: String, overrides: [CatalogueOverride] = []) async throws {
        let definition = try CatalogueDefinition(parsing: yaml, overrides: overrides)
        let store = CatalogueStore(pool: pool)
        let diff = CatalogueDiff(
            desired: definition.items,
            stored: try await store.items(
                ofOrganizations: definition.organizations.map(\.key), rateGroups: definition.rateGroups.map(\.key)))
        try await store.write(
            (diff.created + diff.changed.map(\.item)).sorted { $0.identity < $1.identity })
    }

    /// Makes an API key of an organization, as `weir key create` does.
    func makeKey(of organization: String) async throws -> String {
        let key = "weir_" + UUID().uuidString
        let id = try await APIKeyStore(pool: pool).create(
            org: organization, name: "test", prefix: String(key.prefix(12)),
            hash: Array(SHA256.hash(data: Array(key.utf8))))
        guard id != nil else { throw HarnessError("there is no organization \(organization)") }
        return key
    }
}
