import Postgres

/// Who stands in the history for what a transaction changes, when a service acts for a person.
enum Actor {
    /// Holds until the transaction ends; see `etl_api.actor()`.
    static let set = Statement("actor.set", "select set_config('weir.actor', $1, true)")
}
