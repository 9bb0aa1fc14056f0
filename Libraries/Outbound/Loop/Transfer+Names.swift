internal import CCurl

extension Transfer {
    /// Enters what the configuration says that the exchange's host resolves to, as if the name service had just said so.
    ///
    /// - Returns: The list that libcurl reads when the transfer begins; to be freed after it.
    func enterAddresses(of exchange: Exchange) -> UnsafeMutablePointer<curl_slist>? {
        guard let resolve = loop.configuration.resolve,
            let colon = exchange.target.host.lastIndex(of: ":"),
            let addresses = resolve(String(exchange.target.host[..<colon]))
        else { return nil }
        return curl_slist_append(nil, "\(exchange.target.host):\(addresses.joined(separator: ","))")
    }
}
