extension Duration {
    /// The duration in seconds, as statements take it.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
