import Store
import Templates

/// A call of an API as it may be shown: without the secrets that it carried.
struct MadeCall: Sendable {
    let method: String
    /// The URL, every secret masked.
    let url: String
    /// Takes the secrets out of what the API says about the call.
    let mask: SecretMask

    /// There was none.
    static let none = MadeCall(method: "-", url: "-", mask: SecretMask([]))

    func log(_ duration: Duration) -> ExchangeLog {
        ExchangeLog(method: method, url: url, milliseconds: duration.milliseconds)
    }
}
