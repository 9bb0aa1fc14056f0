import Foundation
import Hummingbird
import NIOCore

/// The folder where verified bodies are kept, each once: a delivery that comes again is counted and not written again.
actor DeliveryInbox {
    struct Statistics: ResponseEncodable {
        var verified = 0
        var duplicates = 0
        var rejected = 0
    }

    private(set) var statistics = Statistics()
    private let directory: URL

    init(directory: String) throws {
        self.directory = URL(filePath: directory, directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
    }

    func countRejected() {
        statistics.rejected += 1
    }

    /// Writes a body to `<id>.json`, whole or not at all. Files are small and local: the write may block.
    func store(_ body: ByteBuffer, id: String) throws {
        let allowed = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard allowed, (1...128).contains(id.utf8.count) else {
            throw HTTPError(.badRequest, message: "webhook-id has 1 to 128 letters, digits, _ and -.")
        }
        let file = directory.appending(path: "\(id).json")
        guard !FileManager.default.fileExists(atPath: file.path()) else {
            statistics.duplicates += 1
            return
        }
        try Data(body.readableBytesView).write(to: file, options: .atomic)
        statistics.verified += 1
    }
}
