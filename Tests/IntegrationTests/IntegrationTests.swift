import Testing

/// Tests on the real processes. One after the other: each starts all of Weir.
@Suite("Integration", .serialized)
struct IntegrationTests {}
