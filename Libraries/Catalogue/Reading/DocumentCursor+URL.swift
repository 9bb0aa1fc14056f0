#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// URLs that a request can be sent to.
extension DocumentCursor {
    /// The longest URL; servers refuse longer ones.
    private static let urlBytesMax = 4096

    /// An absolute http or https URL without placeholders, credentials and fragment.
    func absoluteURL() -> String? {
        guard let text = text(lengthMax: Self.urlBytesMax) else { return nil }
        guard !text.contains("<<$") else {
            report(.invalidURL, "this URL cannot have placeholders", remedy: "write it in full")
            return nil
        }
        guard checkURL(text) else { return nil }
        return text
    }

    /// Logs what is wrong with a URL whose placeholders have been replaced by a word already.
    func checkURL(_ text: String) -> Bool {
        if let problem = Self.problem(with: text) {
            report(.invalidURL, problem.what, remedy: problem.remedy)
            return false
        }
        return true
    }

    private static func problem(with text: String) -> (what: String, remedy: String)? {
        if text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return ("the URL holds a space or control character", "remove it, or write %20")
        }
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased() else {
            return ("\(text) is not a URL", "write one that begins with https:// or http://")
        }
        guard scheme == "https" || scheme == "http" else {
            return ("the scheme \(scheme) is not known", "write a URL that begins with https:// or http://")
        }
        guard let host = url.host, !host.isEmpty else { return ("the URL has no host", "write https://HOST/…") }
        if url.user != nil || url.password != nil {
            return ("the URL holds credentials", "send them in a header, as <<$secret.NAME>>")
        }
        if let port = url.port, !(1...65535).contains(port) {
            return ("the port \(port) is out of bounds", "write 1 to 65535")
        }
        if url.fragment != nil { return ("the URL has a fragment (#…)", "remove it: it is never sent") }
        return nil
    }
}
