internal import CCurl

/// libcurl's state per process.
enum CurlLibrary {
    /// Whether libcurl could be initialized; asking for it the first time does it. It is never undone: other users of
    /// libcurl in the process may still need it.
    static let isInitialized = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
