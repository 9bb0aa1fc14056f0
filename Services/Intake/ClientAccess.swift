import Contracts
import Crypto
import HTTPTypes
import Hummingbird
import Store

/// Who asks, and what they send: by API key, within the bounds of the HTTP interface.
struct ClientAccess: Sendable {
    let keys: APIKeyStore
    let limits: HTTPLimits

    /// Whose key came with a request.
    func client(of request: Request) async throws -> Client {
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer ") else {
            throw Problem.unauthorized
        }
        let key = header.dropFirst("bearer ".count)
        guard let client = try await keys.client(ofKeyHash: Array(SHA256.hash(data: Array(key.utf8)))) else {
            throw Problem.unknownKey
        }
        return client
    }

    /// The whole body of a request, if it is not too long.
    func body(of request: Request) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytesMax {
            throw Problem.tooLarge(limits.bodyBytesMax)
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limits.bodyBytesMax else {
                throw Problem.tooLarge(limits.bodyBytesMax)
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }
}
