import Logging
import Outbound
import Testing

/// Runs a test against a scripted server and a client that may reach it, and leaves neither behind.
func withServer<Value>(
    allowedNetworks: [String] = ["127.0.0.0/8", "::1/128"],
    configure: (inout OutboundClient.Configuration) -> Void = { _ in },
    script: @escaping TestServer.Script,
    _ body: (OutboundClient, TestServer) async throws -> Value
) async throws -> Value {
    let server = try TestServer(script: script)
    do {
        let value = try await withClient(allowedNetworks: allowedNetworks, configure: configure) { client in
            try await body(client, server)
        }
        await server.stop()
        return value
    } catch {
        await server.stop()
        throw error
    }
}

func withClient<Value>(
    allowedNetworks: [String] = ["127.0.0.0/8", "::1/128"],
    configure: (inout OutboundClient.Configuration) -> Void = { _ in },
    _ body: (OutboundClient) async throws -> Value
) async throws -> Value {
    var configuration = OutboundClient.Configuration()
    configuration.allowedNetworks = allowedNetworks
    configure(&configuration)
    let client = try OutboundClient(configuration: configuration, logger: Logger(label: "test"))
    do {
        let value = try await body(client)
        await client.close()
        return value
    } catch {
        await client.close()
        throw error
    }
}

/// The error that an exchange ends with; the test fails if it ends with an answer.
func failure(of client: OutboundClient, _ request: OutboundRequest) async throws -> OutboundError {
    let response: OutboundResponse
    do throws(OutboundError) {
        response = try await client.send(request)
    } catch {
        return error
    }
    struct UnexpectedAnswer: Error {
        let response: OutboundResponse
    }
    throw UnexpectedAnswer(response: response)
}

func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
}
