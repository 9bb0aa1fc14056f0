import Foundation
import Outbound
import Testing

@Suite("TLS")
struct TLSTests {
    @Test func certificateOfAnUnknownAuthorityIsRefused() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        try await withClient { client in
            let error = try await failure(of: client, OutboundRequest(url: server.url(host: "127.0.0.1")))
            #expect(error.code == .tls)
            #expect(!error.isRetryable)
            #expect(!error.mayHaveBeenSent)
        }
    }

    @Test func trustedCertificateIsAcceptedForItsOwnHostOnly() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        try await withClient(configure: { $0.caFile = server.certificateFile }) { client in
            let response = try await client.send(OutboundRequest(url: server.url(host: "127.0.0.1")))
            #expect(response.status == 200)
            #expect(text(response.body).contains("Cipher"))
            let error = try await failure(of: client, OutboundRequest(url: server.url(host: "localhost")))
            #expect(error.code == .tls)
            #expect(!error.isRetryable)
        }
    }

    @Test func serverWithoutTLSIsATLSError() async throws {
        try await withServer { connection in
            connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.waitForClose()
        } _: { client, server in
            let error = try await failure(of: client, OutboundRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(error.code == .tls)
            #expect(!error.mayHaveBeenSent)
        }
    }

    @Test func addressIsGuardedForTLSToo() async throws {
        let server = try TLSServer()
        defer { server.stop() }
        try await withClient(allowedNetworks: []) { client in
            let error = try await failure(of: client, OutboundRequest(url: server.url(host: "localhost")))
            #expect(error.code == .addressRefused)
        }
    }
}

/// OpenSSL's own test server with a fresh certificate for 127.0.0.1, on a free port.
private final class TLSServer {
    let certificateFile: String
    private let directory: URL
    private let process = Process()
    private let port: Int

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("outbound-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        certificateFile = directory.appendingPathComponent("certificate.pem").path
        let keyFile = directory.appendingPathComponent("key.pem").path

        let request = Process()
        request.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        request.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=weir-test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out",
            certificateFile,
        ]
        request.standardError = FileHandle.nullDevice
        try request.run()
        request.waitUntilExit()
        try #require(request.terminationStatus == 0)

        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificateFile, "-key", keyFile, "-www",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        port = try #require(Self.readPort(output.fileHandleForReading))
    }

    func url(host: String) -> String {
        "https://\(host):\(port)/"
    }

    func stop() {
        // Not SIGTERM: children of a libdispatch thread inherit its mask, which blocks that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        // A directory that is left is /tmp's to clean; the test itself is over.
        try? FileManager.default.removeItem(at: directory)
    }

    /// The server says "ACCEPT 127.0.0.1:PORT" when it listens.
    private static func readPort(_ output: FileHandle) -> Int? {
        var text = ""
        while true {
            let data = output.availableData
            if data.isEmpty { return nil }
            text += String(decoding: data, as: UTF8.self)
            let line = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix("ACCEPT ") }
            if let line { return line.split(separator: ":").last.flatMap { Int($0) } }
        }
    }
}
