internal import CCurl

extension Transfer {
    /// Sets what is the same for all exchanges. Options not named here are at libcurl's defaults, which send no
    /// cookie, follow no redirect, read no `.netrc` and verify certificates and host names.
    func setConstantOptions() -> CURLcode {
        let configuration = loop.configuration
        let loopPointer = Unmanaged.passUnretained(loop).toOpaque()
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        var options = OptionSetter(easy: easy)

        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        options.set(CURLOPT_PATH_AS_IS, 1)
        options.set(CURLOPT_PROXY, "")  // the empty string keeps the environment's proxies out
        options.set(CURLOPT_FOLLOWLOCATION, 0)
        options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        options.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        options.set(CURLOPT_ACCEPT_ENCODING, BodyCodings.accepted)
        // Asked for only; see Inflater.
        options.set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        options.set(CURLOPT_USERAGENT, configuration.userAgent)
        if let caFile = configuration.caFile { options.set(CURLOPT_CAINFO, caFile) }

        options.set(CURLOPT_NOSIGNAL, 1)
        // Without it, a transfer that ends while its name is being resolved would make the loop wait for the
        // resolver's thread.
        options.set(CURLOPT_QUICK_EXIT, 1)
        options.set(CURLOPT_DNS_CACHE_TIMEOUT, Int(AdmissionQueue<Exchange>.resolutionLife.components.seconds))
        options.set(CURLOPT_MAXAGE_CONN, max(1, Int(configuration.idleConnectionLife.components.seconds)))
        options.set(CURLOPT_ERRORBUFFER, UnsafeRawPointer(errorBuffer))
        options.set(CURLOPT_PRIVATE, pointer)

        options.set(CURLOPT_HEADERDATA, pointer)
        options.set(CURLOPT_WRITEDATA, pointer)
        options.set(CURLOPT_PREREQDATA, pointer)
        options.set(CURLOPT_OPENSOCKETDATA, pointer)
        // A connection outlives the transfer that opened it.
        options.set(CURLOPT_CLOSESOCKETDATA, loopPointer)
        options.check(ccurl_easy_setopt_write(easy, CURLOPT_HEADERFUNCTION, TransferCallbacks.header))
        options.check(ccurl_easy_setopt_write(easy, CURLOPT_WRITEFUNCTION, TransferCallbacks.body))
        options.check(ccurl_easy_setopt_prereq(easy, TransferCallbacks.connected))
        options.check(ccurl_easy_setopt_opensocket(easy, TransferCallbacks.openSocket))
        options.check(ccurl_easy_setopt_closesocket(easy, TransferCallbacks.closeSocket))
        return options.result
    }

    /// Sets what differs from exchange to exchange.
    func setOptions(of exchange: Exchange, now: MonotonicInstant) -> CURLcode {
        let request = exchange.request
        var options = OptionSetter(easy: easy)
        options.set(CURLOPT_URL, request.url)
        addressList = enterAddresses(of: exchange)
        if let addressList { options.set(CURLOPT_RESOLVE, UnsafeRawPointer(addressList)) }
        options.set(CURLOPT_TIMEOUT_MS, now.duration(to: exchange.deadline).milliseconds)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds)
        options.set(CURLOPT_FRESH_CONNECT, request.isSentOnce ? 1 : 0)

        var suppressed: [String] = []
        if request.isSentWithBody {
            let body = request.body ?? []
            options.set(CURLOPT_POST, 1)
            options.check(ccurl_easy_setopt_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // libcurl copies, so that nothing of Swift's has to stay where it is while the transfer runs.
            body.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress {
                    options.set(CURLOPT_COPYPOSTFIELDS, base)
                } else {
                    options.set(CURLOPT_COPYPOSTFIELDS, "")
                }
            }
            suppressed.append("Expect")
            if !request.hasHeader("content-type") { suppressed.append("Content-Type") }
        } else {
            options.set(request.method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1)
        }
        // Set for the methods that the options above do not imply; NULL takes back the last exchange's.
        if request.isMethodImplied {
            options.set(CURLOPT_CUSTOMREQUEST, UnsafeRawPointer?.none)
        } else {
            options.set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        options.set(CURLOPT_HTTPHEADER, UnsafeRawPointer(headerList.write(request.headers, suppressing: suppressed)))
        return options.result
    }

    /// Lets go of the exchange's memory, so that a spare handle holds neither bodies nor credentials' lists.
    func clearOptions(of exchange: Exchange) {
        // Putting an option back to NULL cannot fail.
        ccurl_easy_setopt_pointer(easy, CURLOPT_HTTPHEADER, nil)
        if exchange.request.isSentWithBody { ccurl_easy_setopt_pointer(easy, CURLOPT_COPYPOSTFIELDS, nil) }
        headerList.trim()
        if let addressList {
            ccurl_easy_setopt_pointer(easy, CURLOPT_RESOLVE, nil)
            curl_slist_free_all(addressList)
            self.addressList = nil
        }
    }
}

extension OutboundRequest {
    /// Whether `Content-Length` is sent: a body was given, or the method's meaning calls for one (RFC 9110 section
    /// 8.6).
    fileprivate var isSentWithBody: Bool {
        body != nil || method == "POST" || method == "PUT" || method == "PATCH"
    }

    fileprivate var isMethodImplied: Bool {
        isSentWithBody ? method == "POST" : method == "GET" || method == "HEAD"
    }

    fileprivate func hasHeader(_ lowercasedName: String) -> Bool {
        headers.contains { $0.name.utf8.count == lowercasedName.utf8.count && $0.name.lowercased() == lowercasedName }
    }
}

/// Sets options one after the other and keeps the first failure.
private struct OptionSetter {
    let easy: UnsafeMutableRawPointer
    private(set) var result = CURLE_OK

    init(easy: UnsafeMutableRawPointer) {
        self.easy = easy
    }

    mutating func check(_ code: CURLcode) {
        if result == CURLE_OK { result = code }
    }

    mutating func set(_ option: CURLoption, _ value: Int) {
        check(ccurl_easy_setopt_long(easy, option, value))
    }

    mutating func set(_ option: CURLoption, _ value: String) {
        check(value.withCString { ccurl_easy_setopt_pointer(easy, option, $0) })
    }

    mutating func set(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        check(ccurl_easy_setopt_pointer(easy, option, value))
    }
}
