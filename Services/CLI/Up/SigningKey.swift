import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The key that signs an instance's links to large results (`WEIR_SIGNING_KEY`), kept with its state, so that links stay good
/// over a restart.
enum SigningKey {
    /// The key of an instance, made at the first call: 64 hexadecimal digits, in a file that only its owner can read.
    static func load(_ state: StateDirectory) throws(UpError) -> String {
        if let data = FileManager.default.contents(atPath: state.signingKeyPath), data.count == 64 {
            return String(decoding: data, as: UTF8.self)
        }
        var generator = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        unlink(state.signingKeyPath)
        guard
            FileManager.default.createFile(
                atPath: state.signingKeyPath, contents: Data(key.utf8), attributes: [.posixPermissions: 0o600])
        else {
            throw UpError(
                "Cannot write \(state.signingKeyPath)",
                remedy: "Check the directory's permissions and the room on its disk")
        }
        return key
    }
}
