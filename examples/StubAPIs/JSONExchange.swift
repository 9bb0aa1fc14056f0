import Foundation
import Hummingbird
import NIOCore

extension Response {
    /// A value as JSON, with names of members in snake case and in the order of the alphabet.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return Response(status: .internalServerError) }
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// An error as these APIs report it: `{"error": {"code": …, "message": …}}`.
    static func failure(
        _ status: HTTPResponse.Status, code: String, message: String = "It did not work.", retryAfter: String? = nil
    ) -> Response {
        var headers: HTTPFields = [:]
        if let retryAfter { headers[.retryAfter] = retryAfter }
        return json(["error": ["code": code, "message": message]], status: status, headers: headers)
    }
}

extension Request {
    /// The most bytes of a body that the stubs read.
    static let bodyBytesMax = 1 << 20

    /// The body, decoded from JSON.
    func json<Value: Decodable>(as type: Value.Type) async throws -> Value {
        let bytes = try await body.collect(upTo: Self.bodyBytesMax)
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw HTTPError(.badRequest, message: "The body is not what is expected: \(error)")
        }
    }

    /// A whole number of the query within bounds, or the default.
    func number(_ name: Substring, default standard: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = uri.queryParameters[name] else { return standard }
        guard let number = Int(text), range.contains(number) else {
            throw HTTPError(
                .badRequest, message: "\(name) is \(text); it must be \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }
}
