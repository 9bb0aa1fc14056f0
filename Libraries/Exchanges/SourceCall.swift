import Outbound
import Sources
import Templates

/// One HTTP call before it is made, with its address as it may be shown.
struct SourceCall {
    var method: String
    var url: String
    /// The address, every secret masked.
    var shownURL: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    /// Whether it must not go out twice.
    var isSentOnce = false

    /// Sets a header field in place of what the template says.
    mutating func setHeader(_ name: String, _ value: String) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        headers.append((name, value))
    }

    /// Sets a query parameter.
    mutating func setParameter(_ name: String, to value: String, isSecret: Bool = false) {
        // The same text until something secret comes in.
        let isShown = shownURL == url && !isSecret
        url = PageAddress.setting(name, to: value, in: url)
        shownURL =
            isShown
            ? url
            : PageAddress.setting(name, to: isSecret ? TemplateVariable.mask : value, in: shownURL, shown: isSecret)
    }

    /// What of this is sent, within its bounds.
    func request(timeout: Duration, responseBytesMax: Int) -> OutboundRequest {
        var request = OutboundRequest(
            method: method, url: url, headers: headers, body: body, timeout: timeout,
            responseBytesMax: responseBytesMax)
        request.isSentOnce = isSentOnce
        return request
    }
}
