import Contracts
import JSON
import Outbound
import Runtime
import Store
import Templates

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an exchange came to.
enum ExchangeOutcome: Sendable {
    /// The API answered with success.
    case answer(RecordedAnswer)
    /// It did not, for now or for good.
    case failure(RecordedFailure)
}

/// Makes one HTTP exchange: renders the template, calls, and judges the answer. It decides nothing about other exchanges.
struct ExchangeRunner: Sendable {
    let client: OutboundClient
    let secrets: SecretResolver
    let clock: WallClock
    /// A number from 0 to 1, for the jitter of retries.
    let random: @Sendable () -> Double
    let underWay: CallsUnderWay

    /// Runs the exchange to its end. Every error becomes an outcome.
    func run(_ exchange: ClaimedExchange, source: PreparedSource) async -> ExchangeOutcome {
        let judge = ExchangeJudge(exchange: exchange, source: source, clock: clock, random: random)
        let request: OutboundRequest
        let call: MadeCall
        do {
            (request, call) = try render(exchange, source: source)
        } catch {
            return .failure(judge.unsendable(error))
        }
        do {
            let exchangeCall = try client.call(request)
            underWay.begin(exchange.id, exchangeCall)
            defer { underWay.end(exchange.id) }
            return judge.judge(try await exchangeCall.response(), to: call)
        } catch {
            return .failure(judge.failure(error, of: call))
        }
    }

    private func render(_ exchange: ClaimedExchange, source: PreparedSource) throws -> (OutboundRequest, MadeCall) {
        var secretError: SecretError?
        var secretValues: [String] = []
        let lookup: (String) -> TemplateVariable? = { name in
            switch name {
            case "object":
                return exchange.runs.first?.objectName.map { TemplateVariable(.string($0)) }
            case "objects":
                let names = exchange.runs.compactMap(\.objectName)
                return names.isEmpty ? nil : TemplateVariable(.array(names.map { .string($0) }))
            case "max_objects":
                return TemplateVariable(.number(JSONNumber(source.runsPerExchange)))
            default:
                guard name.hasPrefix(TemplateVariable.secretPrefix) else {
                    return exchange.runs.first?.variables[name].map { TemplateVariable($0) }
                }
                do throws(SecretError) {
                    let value = try secrets.resolve(String(name.dropFirst(TemplateVariable.secretPrefix.count)))
                    secretValues.append(value)
                    return TemplateVariable(.string(value), isSecret: true)
                } catch {
                    secretError = error
                    return nil
                }
            }
        }
        let rendered = try source.template.render(lookup)
        if let secretError { throw secretError }
        guard rendered.unresolved.isEmpty else { throw UnresolvedVariables(names: rendered.unresolved) }
        let loggedURL = source.hasSecrets ? try source.template.masked(lookup).url : rendered.url
        var request = OutboundRequest(
            method: rendered.method, url: rendered.url, headers: rendered.headers.map { ($0.name, $0.value) },
            body: rendered.body)
        request.timeout = source.timeout
        request.responseBytesMax = source.responseBytesMax
        return (request, MadeCall(method: rendered.method, url: loggedURL, mask: SecretMask(secretValues)))
    }
}

/// A template names variables that have no value for this run.
struct UnresolvedVariables: Error, CustomStringConvertible {
    let names: [String]

    var description: String {
        "no value for " + names.map { "<<$\($0)>>" }.joined(separator: ", ")
    }
}
