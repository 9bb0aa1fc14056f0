// swift-tools-version: 6.2
import PackageDescription

// One list of settings for every Swift target: the compiler is as strict here as on a fresh clone in CI.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .treatAllWarnings(as: .error),  // SE-0443
]

/// A library of the house. `uses` are targets of this package; arrows point down only (docs/architecture.md).
func library(
    _ name: String, uses: [String] = [], products: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: uses.map { .byName(name: $0) } + products,
        path: "Libraries/\(name)",
        exclude: exclude,
        swiftSettings: settings
    )
}

/// A service: a library target with the logic, so that tests and other programs can hold it in their hands.
func service(_ name: String, uses: [String], products: [Target.Dependency] = []) -> Target {
    .target(
        name: name,
        dependencies: uses.map { .byName(name: $0) } + products,
        path: "Services/\(name)",
        exclude: ["Main"],
        swiftSettings: settings
    )
}

/// The executable of a service: a Main of a few lines, the only place that reads the environment.
func main(_ executable: String, of service: String, uses: [String] = [], products: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: executable,
        dependencies: [.byName(name: service)] + uses.map { .byName(name: $0) } + products,
        path: "Services/\(service)/Main",
        swiftSettings: settings
    )
}

func tests(
    _ name: String, of uses: [String], products: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: uses.map { .byName(name: $0) } + products,
        path: "Tests/\(name)",
        exclude: exclude,
        swiftSettings: settings
    )
}

func benchmark(_ name: String, uses: [String], products: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: uses.map { .byName(name: $0) } + products,
        path: "bench/\(name)",
        swiftSettings: settings
    )
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "weir",
    platforms: [.macOS(.v15)],
    dependencies: [
        // Why each of these is here: docs/decisions/0002-dependencies.md
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Debian's C libraries: a module map and a shim, nothing else.
        .systemLibrary(name: "CLibPQ", path: "Libraries/CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(
            name: "CZeroMQ", path: "Libraries/CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Libraries/CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Libraries/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CSimdJSON",
            path: "Libraries/CSimdJSON",
            cxxSettings: [.unsafeFlags(["-O2", "-DNDEBUG"])],
            linkerSettings: [.linkedLibrary("simdjson")]
        ),

        // The domain: pure, no I/O.
        library("JSON", uses: ["CSimdJSON"]),
        library("States"),
        library("Mapping", uses: ["JSON"]),
        library("Templates", uses: ["JSON"]),
        library("Factors", uses: ["JSON"]),
        library("Sources", uses: ["JSON", "Mapping", "Templates"]),
        library("Workflows", uses: ["Contracts", "JSON"]),
        library(
            "Catalogue", uses: ["Contracts", "Factors", "JSON", "Mapping", "Sources", "Templates", "Workflows"],
            products: [yams]),
        library("Contracts", uses: ["JSON"], products: [crypto], exclude: ["Schemas"]),

        // The outside world, one library for each part of it.
        library("Postgres", uses: ["CLibPQ"], products: [logging]),
        library("Messaging", uses: ["CZeroMQ"], products: [logging]),
        library("Outbound", uses: ["CCurl", "CZlib"], products: [logging]),
        library("Exchanges", uses: ["Contracts", "JSON", "Mapping", "Outbound", "Sources", "Templates"]),
        library(
            "Store", uses: ["Postgres", "Contracts", "Catalogue", "JSON", "Sources"], products: [crypto, logging]),

        // What every Main needs, and the parts of a service built from its settings.
        library(
            "Runtime",
            products: [
                configuration, coreMetrics, httpTypes, hummingbird, lifecycle, logging, metrics, nioCore, unixSignals,
            ]),
        library("Reporting", uses: ["Contracts", "Messaging", "Runtime"]),
        library(
            "Assembly", uses: ["Runtime", "Postgres", "Messaging", "Outbound", "Reporting", "Store", "Contracts"],
            products: [lifecycle, logging]),

        // What answers mean, for whoever maps them.
        library("Answers", uses: ["Contracts", "JSON", "Mapping", "Postgres", "Store"]),

        // Services.
        service("Bus", uses: ["Contracts", "Messaging", "Reporting", "Runtime"], products: [lifecycle, logging]),
        service(
            "Intake",
            uses: [
                "Answers", "Assembly", "Contracts", "JSON", "Mapping", "Messaging", "Postgres", "Runtime", "Store",
            ],
            products: [crypto, httpTypes, hummingbird, lifecycle, logging, nioCore]),
        service(
            "Executor",
            uses: [
                "Assembly", "Contracts", "Exchanges", "JSON", "Messaging", "Outbound", "Postgres", "Runtime", "Sources",
                "Store", "Templates",
            ],
            products: [lifecycle, logging]),
        service(
            "Processor",
            uses: [
                "Answers", "Assembly", "Contracts", "Factors", "JSON", "Messaging", "Postgres", "Runtime", "Store",
            ],
            products: [lifecycle, logging]),
        service(
            "Delivery",
            uses: [
                "Assembly", "Contracts", "JSON", "Messaging", "Outbound", "Postgres", "Runtime", "Sources", "Store",
                "Templates",
            ],
            products: [lifecycle, logging]),
        service(
            "Scheduler", uses: ["Assembly", "Contracts", "Messaging", "Runtime", "States", "Store"],
            products: [lifecycle, logging]),
        main("weir-bus", of: "Bus", uses: ["Runtime"]),
        main("weir-intake", of: "Intake", uses: ["Runtime"]),
        main("weir-executor", of: "Executor", uses: ["Runtime"]),
        main("weir-processor", of: "Processor", uses: ["Runtime"]),
        main("weir-delivery", of: "Delivery", uses: ["Runtime"]),
        main("weir-scheduler", of: "Scheduler", uses: ["Runtime"]),

        service(
            "CLI",
            uses: [
                "Answers", "Assembly", "Catalogue", "Contracts", "Exchanges", "JSON", "Mapping", "Messaging",
                "Outbound",
                "Postgres", "Runtime", "Sources", "Store", "Templates", "Workflows",
            ],
            products: [argumentParser, crypto, logging, unixSignals]),
        main("weir", of: "CLI"),

        // The demo's API and webhook receiver.
        .executableTarget(
            name: "weir-sample",
            dependencies: ["Contracts", argumentParser, httpTypes, hummingbird, logging, nioCore],
            path: "examples/Sample",
            swiftSettings: settings
        ),

        // APIs of different styles, for the example catalogues and the tests.
        .target(
            name: "StubAPIs",
            dependencies: [httpTypes, hummingbird, logging, nioCore],
            path: "examples/StubAPIs",
            exclude: ["Main"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "weir-stub-apis",
            dependencies: ["StubAPIs", argumentParser],
            path: "examples/StubAPIs/Main",
            swiftSettings: settings
        ),

        // Benchmarks; `make bench` builds them in release mode.
        benchmark("BusBench", uses: ["Bus", "Messaging"], products: [logging]),
        benchmark("FloorBench", uses: ["Postgres", "Runtime", "Store"], products: [logging]),
        benchmark("MappingBench", uses: ["Mapping", "JSON"]),

        // Tests.
        .target(
            name: "TestServers",
            dependencies: ["Postgres", logging],
            path: "Tests/TestServers",
            swiftSettings: settings
        ),
        .target(
            name: "TestSchemas",
            dependencies: ["JSON"],
            path: "Tests/TestSchemas",
            swiftSettings: settings
        ),
        tests("ArchitectureTests", of: ["States"]),
        tests("JSONTests", of: ["JSON"]),
        tests("StatesTests", of: ["States", "JSON"]),
        tests("MappingTests", of: ["Mapping", "JSON"]),
        tests("TemplatesTests", of: ["Templates", "JSON"]),
        tests("FactorsTests", of: ["Factors", "JSON"]),
        tests("SourcesTests", of: ["Sources", "JSON", "Mapping"]),
        tests("WorkflowsTests", of: ["Workflows", "Contracts", "JSON"]),
        tests("CatalogueTests", of: ["Catalogue", "Contracts", "Factors", "JSON", "Mapping", "Sources", "Workflows"]),
        tests(
            "ContractsTests", of: ["Contracts", "JSON", "TestSchemas"], products: [crypto], exclude: ["Verifiers"]),
        tests("PostgresTests", of: ["Postgres", "TestServers"], products: [logging]),
        tests("MessagingTests", of: ["Messaging"], products: [logging]),
        tests("OutboundTests", of: ["Outbound"], products: [logging]),
        tests(
            "ExchangesTests",
            of: [
                "Contracts", "Exchanges", "JSON", "Mapping", "Outbound", "Postgres", "Sources", "Store", "Templates",
                "TestServers",
            ],
            products: [logging]),
        tests("StubAPIsTests", of: ["StubAPIs", "JSON", "Outbound"], products: [logging]),
        tests("AssemblyTests", of: ["Assembly", "Outbound", "Postgres", "Runtime"]),
        tests("RuntimeTests", of: ["Runtime"], products: [coreMetrics, lifecycle, logging]),
        tests(
            "BusTests", of: ["Assembly", "Bus", "Contracts", "JSON", "Messaging", "Runtime", "Store", "TestSchemas"],
            products: [logging]),
        tests(
            "ExecutorTests",
            of: [
                "Executor", "Contracts", "Exchanges", "JSON", "Mapping", "Outbound", "Postgres", "Runtime", "Sources",
                "Store",
                "Templates",
            ],
            products: [logging]),
        tests("AnswersTests", of: ["Answers", "Contracts", "JSON", "Mapping", "Postgres", "Sources", "Store"]),
        tests(
            "DeliveryTests",
            of: ["Contracts", "Delivery", "JSON", "Outbound", "Postgres", "Runtime", "Store", "TestServers"],
            products: [logging]),
        tests("ProcessorTests", of: ["Processor", "Contracts", "Factors", "JSON", "Mapping", "Postgres", "Store"]),
        tests(
            "IntegrationTests",
            of: [
                "Assembly", "Catalogue", "Contracts", "JSON", "Messaging", "Outbound", "Postgres", "Runtime",
                "Scheduler", "Sources", "States", "Store", "TestSchemas", "TestServers",
            ],
            products: [crypto, lifecycle, logging]),
        tests(
            "CLITests",
            of: [
                "Bus", "CLI", "Catalogue", "Contracts", "JSON", "Messaging", "Outbound", "Postgres", "Runtime", "Store",
            ],
            products: [argumentParser, logging]),
    ],
    cxxLanguageStandard: .cxx20
)
