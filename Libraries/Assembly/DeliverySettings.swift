import Runtime

extension RuntimeConfiguration {
    /// How long deliveries and their attempts are kept after their end, by `WEIR_DELIVERY_RETENTION`; nil for ever. The same for the
    /// scheduler, which deletes them, and for intake, which says that they are gone.
    public var deliveryRetention: Duration? {
        get throws {
            let setting = "WEIR_DELIVERY_RETENTION"
            let retention = try duration(setting, default: .seconds(30 * 86_400), in: .zero ... .seconds(315_360_000))
            if retention == .zero { return nil }
            // The rules of consistency (etl_api.check_delivery_consistency) rely on it.
            guard retention >= .seconds(3600) else {
                throw ConfigurationError(
                    setting: setting, problem: "is too short", remedy: "Use at least 1h, or 0s to keep everything")
            }
            return retention
        }
    }
}
