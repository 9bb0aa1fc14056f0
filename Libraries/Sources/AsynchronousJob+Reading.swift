import JSON
import Mapping

extension AsynchronousJob {
    /// Where a job stands, as the answer to a poll says.
    public enum Standing: Sendable, Hashable {
        /// Its result is there.
        case done
        /// There will be none: its status, as text.
        case failed(String)
        /// It is still at it: its status, and how far it is.
        case running(String)
        /// The answer does not say.
        case unreadable(String)
    }

    /// The longest id and the longest word on progress that are kept, in bytes.
    public static let textBytesMax = 1_000

    /// The id that an answer to the submission gives the job; nil when it gives none.
    public func externalID(in answer: [UInt8]) -> String? {
        Self.word(at: externalID, in: answer)
    }

    /// The id that an answer to the look-up gives the job; nil when it knows none.
    public func externalID(inLookup answer: [UInt8]) -> String? {
        Self.word(at: lookupExternalID ?? externalID, in: answer)
    }

    /// Where a job stands, by the answer to a poll.
    public func standing(in answer: [UInt8]) -> Standing {
        let found: JSONValue
        do throws(JSONError) {
            guard let value = try Self.value(at: status, in: answer) else {
                return .unreadable("the answer has nothing where the job's status is expected")
            }
            found = value
        } catch {
            return .unreadable("the answer is not JSON: \(error)")
        }
        if done.contains(where: { ResponseRule.Test.equals($0).holds(for: found) }) { return .done }
        let text = Self.text(of: found)
        if failed.contains(where: { ResponseRule.Test.equals($0).holds(for: found) }) { return .failed(text) }
        let progress = self.progress.flatMap { Self.word(at: $0, in: answer) }
        let standing = [text, progress].compactMap(\.self).joined(separator: " ")
        return .running(Self.kept(standing))
    }

    /// How long to wait before the next poll.
    ///
    /// - Parameters:
    ///   - polls: how often it has been polled already.
    ///   - age: since its submission, so that no poll is later than the deadline.
    public func pollDelay(afterPolls polls: Int, age: Duration) -> Duration {
        var delay = Double(pollBaseMilliseconds)
        for _ in 0..<min(polls, 100) where delay < Double(pollMaxMilliseconds) { delay *= 1.5 }
        let wait = Duration.milliseconds(Int(min(delay, Double(pollMaxMilliseconds))))
        return max(.zero, min(wait, .milliseconds(deadlineMilliseconds) - age))
    }

    private static func word(at path: PathPattern, in answer: [UInt8]) -> String? {
        guard let value = try? value(at: path, in: answer) else { return nil }
        switch value {
        case .string(let text) where text.isEmpty: return nil
        case .string, .number:
            let text = text(of: value)
            return text.utf8.count <= textBytesMax && !text.utf8.contains(0) ? text : nil
        case .null, .bool, .array, .object: return nil
        }
    }

    /// As much of a text as is kept, in whole characters and without U+0000, which no database takes.
    private static func kept(_ text: String) -> String {
        var bytes = Array(text.utf8.lazy.filter { $0 != 0 }.prefix(textBytesMax + 1))
        if bytes.count > textBytesMax { while bytes.removeLast() & 0xC0 == 0x80 {} }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func text(of value: JSONValue) -> String { value.stringValue ?? value.description }

    /// The first value that the path matches.
    private static func value(at path: PathPattern, in answer: [UInt8]) throws(JSONError) -> JSONValue? {
        let matches: [PathMatch]
        do throws(MappingError) {
            matches = try path.matches(in: answer)
        } catch {
            // Said by the parser in its own words.
            _ = try JSONValue(parsing: answer)
            return nil
        }
        guard let first = matches.first else { return nil }
        return try JSONValue(parsing: first.json)
    }
}
