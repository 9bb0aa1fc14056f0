import Glibc

/// Finds a file of `examples/`.
enum ExampleFile {
    /// The path in the clone that holds the executable, else below this directory.
    static func locate(_ name: String, _ context: CommandContext) throws(CommandError) -> String {
        let roots = [StateDirectory.cloneRoot(of: context.executablePath), context.currentDirectory].compactMap(\.self)
        for root in roots where access("\(root)/examples/\(name)", R_OK) == 0 { return "\(root)/examples/\(name)" }
        throw CommandError("examples/\(name) is not there", remedy: "Run the demo from a clone of Weir")
    }
}
