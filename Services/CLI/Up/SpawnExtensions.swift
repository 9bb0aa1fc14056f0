import Glibc

/// Two functions of glibc 2.34 and newer that its headers show only to programs that define `_GNU_SOURCE`, which Swift's
/// import of them does not; they are looked up by name instead.
enum SpawnExtensions {
    /// Closes all descriptors from `lowest` on in the child (posix_spawn_file_actions_addclosefrom_np).
    static func closeDescriptors(from lowest: Int32, _ actions: inout posix_spawn_file_actions_t) throws(UpError) {
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        let function = unsafeBitCast(try find("posix_spawn_file_actions_addclosefrom_np"), to: Function.self)
        _ = function(&actions, lowest)
    }

    /// Starts the child in `directory` (posix_spawn_file_actions_addchdir_np(3)).
    static func changeDirectory(_ directory: String, _ actions: inout posix_spawn_file_actions_t) throws(UpError) {
        typealias Function =
            @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32
        let function = unsafeBitCast(try find("posix_spawn_file_actions_addchdir_np"), to: Function.self)
        _ = directory.withCString { function(&actions, $0) }
    }

    private static func find(_ name: String) throws(UpError) -> UnsafeMutableRawPointer {
        if let address = dlsym(nil, name) { return address }
        throw UpError(
            "This C library has no \(name)", remedy: "Use a system with glibc 2.34 or newer, such as Debian 12")
    }
}
