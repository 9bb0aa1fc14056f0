/// A step of the start or the stop of an instance, for the person who waits.
enum UpProgress: Sendable, Equatable {
    case startingDatabase(isNew: Bool)
    case migrating
    case startingServices
    case ready
    case service(SupervisorEvent)
    case databaseEnded(ChildExit)
    case stopping
    case stopped
}
