import JSON

/// Runs of which there is the same to say, as intake tells it.
struct RunGroup: Sendable, Equatable {
    /// The last call about the first of their objects.
    struct Call: Sendable, Equatable {
        let method: String
        let url: String
        /// Nil when no answer came.
        let status: Int?
        /// The beginning of the answer.
        let answer: String?
    }

    let substate: String?
    let reason: String?
    let count: Int
    /// Some of their objects.
    let objects: [String]
    let call: Call?

    static func list(_ answers: [AnswerReader]) throws(CommandError) -> [RunGroup] {
        var groups: [RunGroup] = []
        for answer in answers { groups.append(try RunGroup(answer)) }
        return groups
    }

    init(_ answer: AnswerReader) throws(CommandError) {
        substate = answer.optionalString("substate")
        reason = answer.optionalString("reason")
        count = try answer.int("count")
        objects = (answer.value["objects"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard answer.value["call"]?.objectValue != nil else {
            call = nil
            return
        }
        let call = try answer.object("call")
        self.call = Call(
            method: try call.string("method"), url: try call.string("url"), status: call.value["status"]?.intValue,
            answer: call.optionalString("answer"))
    }
}
