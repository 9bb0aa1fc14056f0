import Contracts
import Outbound

/// The NDJSON of a result on its way to this machine: part by part, each asked for again when the connection breaks.
struct ResultDownload {
    /// The bytes asked for at once.
    static let partBytes = 4 << 20
    /// How long intake may be away before the download is given up.
    private static let outageMax: Duration = .seconds(60)
    private static let firstPause: Duration = .milliseconds(50)
    private static let longestPause: Duration = .seconds(1)

    private let client: IntakeClient
    private let id: String
    private let progress: ProgressLine
    private var way: Way
    private var received: Int
    private var isOver = false
    /// Whether intake has answered yet: it is waited for when it goes away, not when it never was there.
    private var isReached = false

    private enum Way {
        /// The bytes as they are stored; nil before the first of them has come.
        case ranges((tag: String, total: Int)?)
        /// Lines with provenance, which have no places of their own; nil for the first page.
        case pages(next: String?)
    }

    /// - Parameter start: how many bytes are here already, and of which result; nothing unless said otherwise.
    init(
        _ id: String, from client: IntakeClient, isWithProvenance: Bool = false,
        start: (bytes: Int, tag: String, total: Int)? = nil, progress: ProgressLine
    ) {
        self.client = client
        self.id = id
        self.progress = progress
        way = isWithProvenance ? .pages(next: nil) : .ranges(start.map { ($0.tag, $0.total) })
        received = start?.bytes ?? 0
        isOver = start.map { $0.bytes == $0.total } ?? false
    }

    /// The next part; nil after the last.
    mutating func next() async throws -> [UInt8]? {
        guard !isOver else { return nil }
        switch way {
        case .ranges(let known):
            let (client, id, received) = (client, id, received)
            let part = try await insist {
                try await client.resultPart(of: id, at: received, bytesMax: Self.partBytes, tag: known?.tag)
            }
            isReached = true
            way = .ranges((part.tag, part.total))
            self.received += part.bytes.count
            isOver = self.received >= part.total
            progress.show("\(Self.size(self.received)) of \(Self.size(part.total))")
            return part.bytes
        case .pages(let next):
            let (client, id) = (client, id)
            let page = try await insist { try await client.resultPage(of: id, next: next) }
            isReached = true
            way = .pages(next: page.next)
            received += page.lines.count
            isOver = page.next == nil
            progress.show(Self.size(received))
            return page.lines
        }
    }

    /// Calls a closure with every part that is left.
    mutating func forEachPart(_ body: ([UInt8]) throws -> Void) async throws {
        while let part = try await next() { try body(part) }
    }

    /// Everything that is left, at once.
    mutating func rest() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await forEachPart { bytes += $0 }
        return bytes
    }

    /// Tries again while intake is away for a moment.
    private func insist<Output>(_ body: () async throws -> Output) async throws -> Output {
        let begin = ContinuousClock.now
        var pause = Self.firstPause
        while true {
            do {
                return try await body()
            } catch let error as OutboundError where error.isRetryable {
                let isAbsent = !isReached && [.connect, .nameResolution].contains(error.code)
                guard !isAbsent, ContinuousClock.now - begin < Self.outageMax else { throw error }
            } catch let error as CommandError {
                // A part is there already, and the rest is of another result.
                if received > 0, [409, 410, 412].contains(error.httpStatus) { throw Self.takenUpAgain }
                guard error.status == .unreachable, ContinuousClock.now - begin < Self.outageMax else { throw error }
            }
            progress.show("the connection to intake broke; going on in a moment")
            // Whoever broke the connection may be starting again.
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private static let takenUpAgain = CommandError(
        "The request was taken up again while its result was fetched, and has another result now",
        remedy: "Discard what was fetched, and run the command again when the request is done")

    /// In units that a person reads: `12.5 MiB`.
    static func size(_ bytes: Int) -> String {
        if bytes < 1 << 10 { return Quantity(bytes, "byte").description }
        let tenths = (bytes * 10) >> 20
        return bytes < 1 << 20 ? "\((bytes + 1023) >> 10) KiB" : "\(tenths / 10).\(tenths % 10) MiB"
    }
}
