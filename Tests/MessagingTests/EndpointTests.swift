import Messaging
import Testing

@Suite("Endpoint")
struct EndpointTests {
    @Test(arguments: ["tcp://127.0.0.1:5555", "tcp://[::1]:*", "tcp://bus:1", "ipc:///run/weir/bus", "inproc://a"])
    func whatLibzmqReadsIsReadAndWrittenAlike(text: String) throws {
        #expect(try Endpoint(parsing: text).description == text)
    }

    @Test(arguments: [
        "", "tcp", "tcp://", "tcp://host", "tcp://:1", "tcp://host:99999", "tcp://host:-1", "udp://h:1", "ipc://",
        "127.0.0.1:5555",
    ])
    func whatLibzmqDoesNotReadIsRefused(text: String) throws {
        let error = #expect(throws: MessagingError.self) { try Endpoint(parsing: text) }
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.endpoint == text)
    }

    @Test func onlyLoopbackAndIPCCountAsLocal() throws {
        for text in ["tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://localhost:1", "tcp://[::1]:1", "ipc://x"] {
            #expect(try Endpoint(parsing: text).isLocal, "\(text)")
        }
        for text in [
            "tcp://*:1", "tcp://0.0.0.0:1", "tcp://127.0.0.1.example.org:1", "tcp://10.0.0.1:1", "tcp://[::]:1",
        ] {
            #expect(try !Endpoint(parsing: text).isLocal, "\(text)")
        }
    }

    @Test func aListIsSeparatedByCommasAndBlanksAreIgnored() throws {
        let endpoints = try Endpoint.list(parsing: "tcp://127.0.0.1:1, ipc://x ,tcp://[::1]:2")
        #expect(endpoints.map(\.description) == ["tcp://127.0.0.1:1", "ipc://x", "tcp://[::1]:2"])
    }
}
