import Assembly
import Contracts
import Crypto
import JSON
import Logging
import Messaging
import Store

/// The commands that ask for activities and workflows: accepted as HTTP requests are, answered after the commit.
struct CommandReceiver: Sendable {
    let acceptor: RequestAcceptor
    let workflows: WorkflowAcceptor
    let keys: APIKeyStore
    let messages: MessageStore
    let logger: Logger

    /// Takes one command and answers it.
    func receive(_ message: BusMessage) async {
        var trace: TraceContext?
        do {
            let event = try CloudEvent(parsing: message.body)
            trace = event.traceparent.flatMap { TraceContext(parsing: $0) }
            message.reply(try await accept(event, trace: trace))
        } catch let problem as Problem {
            message.reject(code: problem.code, reason: String(decoding: problem.encoded(), as: UTF8.self))
            await bury(message, reason: "\(problem.code): \(problem.detail)")
        } catch let error as MessagingError {
            message.reject(code: "malformed", reason: error.message)
            await bury(message, reason: error.message)
        } catch {
            // Nothing was accepted; the sender still has the command and can send it again.
            logger.about(trace).error("A command could not be accepted.", metadata: ["error": "\(error)"])
            message.reject(code: "unavailable", reason: "the database is away; send the command again")
        }
        message.finish()
    }

    private func accept(_ event: CloudEvent, trace: TraceContext?) async throws -> [UInt8] {
        guard [Topic.activityRequested, Topic.workflowRequested].contains(event.type) else {
            throw Problem(
                code: "unknown_command", status: 422, title: "There is no such command",
                detail: "The type \(event.type) is unknown here.")
        }
        guard let key = event.apiKey else { throw Problem.unauthorized }
        guard let org = try await keys.organization(ofKeyHash: Array(SHA256.hash(data: Array(key.utf8)))) else {
            throw Problem.unknownKey
        }
        let origin = RequestAcceptor.Origin(
            // A command is the same when source and id are (CloudEvents 1.0, section 3.1.1).
            name: "bus", org: org, idempotencyKey: Self.idempotencyKey(of: event), trace: trace)
        if event.type == Topic.workflowRequested {
            return WorkflowDocuments.accepted(try await workflows.accept(event.data, from: origin)).encoded()
        }
        let accepted = try await acceptor.accept(event.data, from: origin)
        logger.about(accepted.id).about(trace).debug(
            "A request is accepted.", metadata: ["activity": "\(accepted.activity)", "org": "\(org)"])
        return RequestDocuments.accepted(accepted).encoded()
    }

    private static func idempotencyKey(of event: CloudEvent) -> String {
        "bus:" + SHA256.hash(data: Array("\(event.source)\n\(event.id)".utf8)).hexadecimal
    }

    private func bury(_ message: BusMessage, reason: String) async {
        do {
            // The body may carry an API key, which is never kept.
            try await messages.bury(
                service: "weir-intake", topic: message.topic, key: message.key, reason: reason,
                body: Self.withoutKey(message.body))
        } catch {
            logger.warning("Could not keep an unreadable message.", metadata: ["error": "\(error)"])
        }
    }

    private static func withoutKey(_ body: [UInt8]) -> [UInt8] {
        guard case .object(var object)? = try? JSONValue(parsing: body) else {
            // Not even JSON: it cannot be told where a key would stand.
            return Array("(\(Quantity(body.count, "byte")), not a JSON object)".utf8)
        }
        if object["apikey"] != nil { object["apikey"] = "***" }
        return JSONValue.object(object).encoded()
    }
}

extension CloudEvent {
    /// The extension attribute `apikey`, the credential of a command.
    fileprivate var apiKey: String? {
        guard let bytes = extensions["apikey"], case .string(let key)? = try? JSONValue(parsing: bytes) else {
            return nil
        }
        return key
    }
}
