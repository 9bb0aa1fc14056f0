import Glibc

/// Random words, as a value that can be replaced: tests hand in a sequence of their own.
public struct RandomSource: Sendable {
    private let fillWords: @Sendable (UnsafeMutableBufferPointer<UInt64>) -> Void

    /// A source that fills whole buffers, so that one call to the system serves many ids.
    public init(fill: @escaping @Sendable (UnsafeMutableBufferPointer<UInt64>) -> Void) {
        fillWords = fill
    }

    /// The system's generator, fit for secrets (getentropy(3): at most 256 bytes a call, and those are never cut short).
    public static let system = RandomSource { words in
        let bytes = UnsafeMutableRawBufferPointer(words)
        for start in stride(from: 0, to: bytes.count, by: 256) {
            let part = UnsafeMutableRawBufferPointer(rebasing: bytes[start..<min(start + 256, bytes.count)])
            let status = getentropy(part.baseAddress, part.count)
            precondition(status == 0, "The kernel has no random source (getentropy: errno \(errno)).")
        }
    }

    /// Fills `words` with random words.
    public func fill(_ words: UnsafeMutableBufferPointer<UInt64>) { fillWords(words) }
}
