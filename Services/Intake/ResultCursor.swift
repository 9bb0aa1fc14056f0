/// Where a page of a result begins: at which byte of the NDJSON of which round.
///
/// A cursor of an earlier round would lead into the middle of another result.
struct ResultCursor: Equatable, CustomStringConvertible {
    let round: Int
    let offset: Int

    init(round: Int, offset: Int) {
        self.round = round
        self.offset = offset
    }

    init?(_ text: String) {
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let round = numbers[0], let offset = numbers[1], round > 0, offset >= 0 else {
            return nil
        }
        self.init(round: round, offset: offset)
    }

    var description: String { "\(round)-\(offset)" }
}
