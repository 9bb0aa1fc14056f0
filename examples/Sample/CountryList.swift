import ArgumentParser
import Foundation
import NIOCore

/// The countries of an ISO 3166 file, each as the bytes of its answer, by two-letter code.
struct CountryList {
    private struct File: Decodable {
        /// Records of texts. What a record lacks, such as an official name, its answer lacks too.
        let countries: [[String: String]]

        enum CodingKeys: String, CodingKey { case countries = "3166-1" }
    }

    private let answers: [String: ByteBuffer]

    init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ValidationError("\(file) cannot be read; install Debian's iso-codes or name another --iso-file.")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        answers = try JSONDecoder().decode(File.self, from: data).countries.reduce(into: [:]) { answers, country in
            guard let code = country["alpha_2"] else { return }
            answers[code] = ByteBuffer(bytes: try encoder.encode(country))
        }
    }

    subscript(code: String) -> ByteBuffer? { answers[code] }
}
