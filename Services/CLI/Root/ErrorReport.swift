import ArgumentParser
import Messaging
import Outbound
import Postgres
import Store

/// An error in the words that a person reads, and the exit status that a program reads.
struct ErrorReport: Equatable {
    let text: String
    let status: ExitStatus

    init(text: String, status: ExitStatus) {
        self.text = text
        self.status = status
    }

    /// Any error that a command throws, parsing included.
    init(_ error: any Error) {
        switch error {
        case let error as CommandError: self.init(text: "Error: \(error)", status: error.status)
        case let error as UpError: self.init(text: "Error: \(error)", status: .failure)
        case let error as MigrationError: self.init(text: "Error: \(error)", status: .failure)
        case let error as PostgresError: self.init(error)
        case let error as MessagingError: self.init(error)
        case let error as OutboundError: self.init(error)
        case is CancellationError: self.init(text: "Interrupted.", status: .failure)
        case let status as ExitStatusError: self.init(text: "", status: status.status)
        default: self.init(parsing: error)
        }
    }

    private init(_ error: PostgresError) {
        // Of a statement it would be one of this program's faults.
        guard error.code != .invalidParameter || error.statementName != nil else {
            self.init(
                text: """
                    Error: the database's address cannot be read: \(error)
                    Check --database-url or WEIR_DATABASE_URL: postgresql://USER@HOST/NAME.
                    """, status: .usage)
            return
        }
        guard error.code == .connection || error.code == .acquireTimeout else {
            self.init(refused: error)
            return
        }
        self.init(
            text: """
                Error: the database cannot be reached: \(error)
                Check --database-url or WEIR_DATABASE_URL and that the server runs; 'weir doctor' looks further.
                """, status: .unreachable)
    }

    private init(refused error: PostgresError) {
        // undefined_table, invalid_schema_name
        let isEmpty = error.sqlState == "42P01" || error.sqlState == "3F000"
        self.init(
            text: "Error: the database refused: \(error)"
                + (isEmpty ? "\nIs its schema the newest? Run 'weir migrate up'." : ""),
            status: .failure)
    }

    private init(_ error: MessagingError) {
        let isUnreachable = [.timeout, .brokerLost, .closed].contains(error.code)
        let remedy =
            switch error.code {
            case .timeout, .brokerLost: "Check that weir-bus runs, WEIR_BUS_ENDPOINTS and WEIR_BUS_KEYS."
            case .noConsumer: "Start the service that takes this type: weir-intake takes commands."
            case .invalidEndpoint: "Check --bus and --events, or WEIR_BUS_ENDPOINTS and WEIR_BUS_EVENTS."
            case .overloaded: "Try again in a moment."
            default: "'weir doctor' looks further."
            }
        let status: ExitStatus = isUnreachable ? .unreachable : error.code == .invalidEndpoint ? .usage : .failure
        self.init(text: "Error: the bus: \(error)\n\(remedy)", status: status)
    }

    private init(_ error: OutboundError) {
        self.init(
            text: """
                Error: intake did not answer: \(error)
                Check --url or WEIR_URL and that weir-intake runs; 'weir doctor' looks further.
                """, status: .unreachable)
    }

    /// What ArgumentParser throws: help, a version, a mistake in the arguments.
    private init(parsing error: any Error) {
        switch Weir.exitCode(for: error) {
        case .success: self.init(text: Weir.fullMessage(for: error), status: .success)
        case .validationFailure: self.init(text: Weir.fullMessage(for: error), status: .usage)
        default: self.init(text: "Error: \(error)", status: .failure)
        }
    }
}

/// Ends a command with a status after it has said all that there is to say.
struct ExitStatusError: Error, Equatable {
    let status: ExitStatus
}
