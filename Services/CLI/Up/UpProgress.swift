/// A step of the start or the stop of an instance, for the person who waits.
enum UpProgress: Sendable, Equatable {
    case startingDatabase(isNew: Bool)
    case migrating
    /// The port of the last start is taken; this time it is another one.
    case portInUse(Int, instead: Int)
    case startingServices
    case ready
    case service(SupervisorEvent)
    case databaseEnded(ChildExit)
    case stopping
    case stopped
}
