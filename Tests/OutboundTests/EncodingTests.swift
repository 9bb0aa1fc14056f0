import Outbound
import Testing

/// Bodies that are compressed to harm.
@Suite("Encodings")
struct EncodingTests {
    private func failure(encodings: [String], body: [UInt8], bound: Int = 1 << 20) async throws -> OutboundError {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer(body, headers: encodings)
        } _: { client, server in
            try await OutboundTests.failure(
                of: client, OutboundRequest(url: server.url("/?key=s3cret"), responseBytesMax: bound))
        }
    }

    @Test(arguments: ["deflate", "x-gzip", "gzip", "GZIP", "identity, gzip"])
    func bombIsCutAtTheBound(coding: String) async throws {
        let expanded = 64 << 20
        let bomb = coding == "deflate" ? Gzip.zlibBomb(expandedBytes: expanded) : Gzip.bomb(expandedBytes: expanded)
        let error = try await failure(encodings: ["Content-Encoding: \(coding)"], body: bomb)
        #expect(error.code == .bodyTooLarge)
        #expect(!error.isRetryable)
    }

    @Test func bombThatNeverEndsIsCutAtTheBound() async throws {
        let bomb = Gzip.bomb(expandedBytes: 1 << 20, isEndless: true)
        try await withServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("\(String(bomb.count, radix: 16))\r\n".utf8) + bomb + Array("\r\n".utf8)
            guard connection.write(chunk) else { return }
            // The stream goes on with the same bytes, whose header gzip itself reads as a block: whatever comes is worked off or refused.
            while connection.write(chunk) {}
        } _: { client, server in
            let error = try await OutboundTests.failure(
                of: client, OutboundRequest(url: server.url(), responseBytesMax: 1 << 19))
            #expect(error.code == .bodyTooLarge)
        }
    }

    @Test(arguments: [
        ["Content-Encoding: gzip, gzip"], ["Content-Encoding: gzip", "Content-Encoding: gzip"],
        ["content-encoding: gzip,deflate"], ["Content-Encoding: gzip", "content-encoding: deflate"],
        ["Content-Encoding: gzip, identity, x-gzip"], ["Content-Encoding :gzip", "Content-Encoding: \tgzip"],
    ])
    func layersOfCompressionAreRefusedBeforeAnyIsUndone(encodings: [String]) async throws {
        let error = try await failure(encodings: encodings, body: Gzip.stored(Gzip.stored(Array("{}".utf8))))
        #expect(error.code == .network)
        #expect(!error.isRetryable)
        #expect(error.message.contains("compressed 2 times over"))
        #expect(!error.message.contains("s3cret"))
    }

    @Test func moreLayersThanLibcurlItselfTakesAreAnError() async throws {
        let error = try await failure(
            encodings: ["Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip"], body: Gzip.stored([0x7B, 0x7D]))
        #expect(error.code == .network)
    }

    @Test(arguments: ["br", "zstd", "compress", "gzip, br", "aws-chunked"])
    func codingThatWasNotAskedForIsRefused(coding: String) async throws {
        let error = try await failure(
            encodings: ["Content-Encoding: \(coding)"], body: [0x0B, 0x02, 0x80, 0x7B, 0x7D, 3])
        #expect(error.code == .network)
        #expect(!error.isRetryable)
        #expect(error.message.contains("not asked for (gzip, deflate)"))
    }

    @Test(arguments: [
        "Content-Encoding: identity", "Content-Encoding: none", "Content-Encoding:", "X-Content-Encoding: br",
    ])
    func plainBodyIsTakenAsItIs(header: String) async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("{}", headers: [header])
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(text(response.body) == "{}")
        }
    }

    /// Nobody asked for it, and a body has no other coding than its content then.
    @Test func compressionOfTheTransferIsRefused() async throws {
        let error = try await failure(
            encodings: ["Transfer-Encoding: gzip"], body: Gzip.stored(Array("{}".utf8)))
        #expect(error.code == .network && error.message.contains("encoded as gzip, which was not asked for"))
    }

    @Test(arguments: ["gzip", "deflate", "deflate without a header"])
    func compressedBodyIsTakenWhole(kind: String) async throws {
        let content = Array("{\"name\": \"Acme\"}".utf8)
        let body =
            switch kind {
            case "gzip": Gzip.stored(content)
            case "deflate": Gzip.storedByZlib(content)
            default: Gzip.storedAlone(content)
            }
        for piece in [1, 7, body.count] {
            try await withServer { connection in
                _ = connection.readRequest()
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: \(kind.prefix { $0 != " " })\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for start in stride(from: 0, to: body.count, by: piece) {
                    let part = body[start..<min(start + piece, body.count)]
                    connection.write(Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8))
                }
                connection.write("0\r\n\r\n")
            } _: { client, server in
                let response = try await client.send(OutboundRequest(url: server.url()))
                #expect(response.body == content)
            }
        }
    }

    /// As many bytes came as were announced, and what can be made of them may well be whole JSON.
    @Test(arguments: [1, 4, 8, 9, 20])
    func compressedBodyWithoutItsEndIsCut(missing: Int) async throws {
        let body = Gzip.stored(Array("{\"name\": \"Acme\"}".utf8))
        let error = try await failure(encodings: ["Content-Encoding: gzip"], body: Array(body.dropLast(missing)))
        #expect(error.code == .network && error.isRetryable && error.mayHaveBeenSent)
        #expect(error.message.contains("ends before its end"))
    }

    @Test func somethingBehindACompressedBodyIsDamage() async throws {
        let error = try await failure(
            encodings: ["Content-Encoding: gzip"], body: Gzip.stored(Array("{}".utf8)) + [0x7B])
        #expect(error.code == .network && error.message.contains("damaged"))
    }

    @Test func nothingIsNotCut() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.answer("", headers: ["Content-Encoding: gzip"])
        } _: { client, server in
            let response = try await client.send(OutboundRequest(url: server.url()))
            #expect(response.body.isEmpty)
        }
    }

    @Test func damagedCompressionIsNoAnswer() async throws {
        var body = Gzip.stored(Array("{\"name\": \"Acme\"}".utf8))
        body[12] ^= 0xFF
        let error = try await failure(encodings: ["Content-Encoding: gzip"], body: body)
        #expect(error.code == .network)
        #expect(error.isRetryable)
        #expect(error.message.contains("damaged"))
    }
}
