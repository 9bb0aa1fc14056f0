import Glibc

/// Finds the directory of migrations.
enum MigrationsDirectory {
    /// How many directories upward are looked through.
    private static let levelsMax = 12

    /// What `option` or WEIR_MIGRATIONS names; else the first `migrations` upward from the executable, then from here.
    static func locate(option: String?, _ context: CommandContext) throws(CommandError) -> String {
        if let named = option ?? context.variable("WEIR_MIGRATIONS") {
            let path = context.path(named)
            guard access(path, R_OK | X_OK) == 0 else {
                throw .usage("There is no directory \(path)", remedy: "Name the one that holds 0001_….sql")
            }
            return path
        }
        for start in [context.executableDirectory, context.currentDirectory] {
            if let found = upward(from: start) { return found }
        }
        throw .usage(
            "There is no directory 'migrations' above \(context.executableDirectory) or \(context.currentDirectory)",
            remedy: "Give --migrations or set WEIR_MIGRATIONS")
    }

    private static func upward(from start: String) -> String? {
        var directory = start[...]
        for _ in 0..<levelsMax {
            let candidate = "\(directory)/migrations"
            if access("\(candidate)/0001_create_roles_and_schemas.sql", R_OK) == 0 { return candidate }
            guard let slash = directory.lastIndex(of: "/"), !directory.isEmpty else { return nil }
            directory = directory[..<slash]
        }
        return nil
    }
}
