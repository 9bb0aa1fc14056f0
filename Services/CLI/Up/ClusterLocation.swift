/// Where an embedded cluster lives and who runs it.
struct ClusterLocation: Sendable, Equatable {
    /// The name of the superuser that owns the cluster and of the database.
    static let ownerName = "weir"
    static let databaseName = "weir"

    /// The directory that holds `data` and the server's log.
    let directory: String
    /// The directory of the server's socket; only its owner can enter.
    let socketDirectory: String
    /// The account of the server; nil when that is the one of this process.
    let account: ServerAccount?

    init(directory: String, socketDirectory: String, account: ServerAccount?) {
        self.directory = directory
        self.socketDirectory = socketDirectory
        self.account = account
    }

    /// The place for the cluster of an instance.
    init(_ state: StateDirectory) throws(UpError) {
        let account = try ServerAccount.required()
        self.init(
            directory: state.clusterDirectory(for: account),
            socketDirectory: state.socketDirectory + "/pg",
            account: account
        )
    }

    var dataDirectory: String { "\(directory)/data" }
    var logPath: String { "\(directory)/postgres.log" }

    /// The database's address for libpq, over the socket: `postgresql://weir_intake@/weir?host=%2F…`.
    func databaseURL(role: String = ClusterLocation.ownerName) -> String {
        var host = ""
        for byte in socketDirectory.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.properties.isAlphabetic && scalar.isASCII || ("0"..."9").contains(scalar)
                || "-._~".unicodeScalars.contains(scalar)
            host += isPlain ? String(scalar) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return "postgresql://\(role)@/\(Self.databaseName)?host=\(host)"
    }
}
