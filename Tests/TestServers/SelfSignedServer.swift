import Foundation

/// OpenSSL's own test server with a fresh certificate that nobody else has signed.
public final class SelfSignedServer {
    /// Where it listens on 127.0.0.1.
    public let port: UInt16
    private let directory: URL
    private let process = Process()

    /// Makes the certificate and listens at a free port.
    public init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "weir-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let (certificate, key) = (directory.appending(path: "cert.pem").path, directory.appending(path: "key.pem").path)
        let maker = Process()
        maker.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        maker.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=weir-test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
            certificate,
        ]
        maker.standardError = FileHandle.nullDevice
        try maker.run()
        maker.waitUntilExit()
        guard maker.terminationStatus == 0 else { throw TestServerError("openssl cannot make a certificate") }

        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        guard let port = Self.readPort(output.fileHandleForReading) else {
            throw TestServerError("openssl s_server does not listen")
        }
        self.port = port
    }

    /// Ends it and removes its files.
    public func stop() {
        // Not SIGTERM: children of a libdispatch thread inherit its mask, which blocks that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        // A directory that is left is /tmp's to clean; the test itself is over.
        try? FileManager.default.removeItem(at: directory)
    }

    /// The server says "ACCEPT 127.0.0.1:PORT" when it listens.
    private static func readPort(_ output: FileHandle) -> UInt16? {
        var text = ""
        while true {
            let data = output.availableData
            if data.isEmpty { return nil }
            text += String(decoding: data, as: UTF8.self)
            let line = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix("ACCEPT ") }
            if let line { return line.split(separator: ":").last.flatMap { UInt16($0) } }
        }
    }
}
