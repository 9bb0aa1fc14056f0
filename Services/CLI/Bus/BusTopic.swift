/// What a topic's name says of its messages.
enum BusTopic {
    /// Commands ask for something and are answered: `dev.weir.activity.requested.v1`. All other messages are hints.
    static func isCommand(_ topic: String) -> Bool {
        let words = topic.split(separator: ".")
        return words.count >= 2 && words[words.count - 2] == "requested"
    }
}
