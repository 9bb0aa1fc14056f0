import ArgumentParser
import Foundation
import Hummingbird
import Logging
import NIOCore

/// Where a server listens.
struct ListenOptions: ParsableArguments {
    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port; 0 takes a free one.")
    var port = 0
}

/// Serves until a signal comes, and says in one JSON line on standard output that it does, and on which port.
func serve(_ router: Router<BasicRequestContext>, _ listen: ListenOptions, name: String) async throws {
    var logger = Logger(label: "weir-sample")
    logger.logLevel = .warning
    let application = Application(
        router: router,
        configuration: .init(address: .hostname(listen.host, port: listen.port), backlog: 1024),
        onServerRunning: { channel in
            let port = channel.localAddress?.port ?? listen.port
            let line = #"{"service":"\#(name)","port":\#(port),"url":"http://\#(listen.host):\#(port)"}"# + "\n"
            FileHandle.standardOutput.write(Data(line.utf8))
        },
        logger: logger
    )
    do {
        try await application.runService()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
        throw PortInUse(host: listen.host, port: listen.port)
    }
}

/// Something else listens where this was to.
struct PortInUse: Error, CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { "Port \(port) on \(host) is in use. Choose another one with --port." }
}

extension Response {
    /// A problem after RFC 9457.
    static func problem(_ status: HTTPResponse.Status, title: String, detail: String) -> Response {
        let members = ["title": title, "detail": detail]
        let json = (try? JSONEncoder().encode(members)) ?? Data("{}".utf8)
        return Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json))
        )
    }
}
