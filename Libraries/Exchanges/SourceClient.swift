import JSON
public import Outbound
public import Sources
public import Templates

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Calls the API of one source as it is declared: renders its templates, tells who calls, follows the pages, and judges the answers.
///
/// One for each source and version; it keeps the access token of the source while it lives.
public struct SourceClient: Sendable {
    /// How the source is called.
    public let setup: SourceSetup
    /// The names of the variables of all templates.
    public var variables: Set<String> { steps.values.reduce(into: []) { $0.formUnion($1.template.variables) } }

    private let steps: [SourceStep: CompiledStep]
    private let rules: ResponseRules
    private let pagination: CompiledPagination?
    private let authorizer: Authorizer
    private let outbound: OutboundClient
    private let secrets: @Sendable (String) throws -> String
    private let now: @Sendable () -> Date

    /// A step's template with what is asked about it for every call.
    private struct CompiledStep {
        let template: RequestTemplate
        /// Whether what is shown needs a rendering of its own.
        let hasSecrets: Bool
        let isPaged: Bool
    }

    /// Compiles a source.
    ///
    /// - Parameters:
    ///   - secrets: the value of a secret, by its name; what it throws says what is missing and never shows a value.
    ///   - now: for a `Retry-After` that is a date.
    ///   - tokens: where this source's access token is kept, if it needs one.
    /// - Throws: ``TemplateError`` for a template that cannot be used.
    public init(
        setup: SourceSetup, templates: SourceTemplates, outbound: OutboundClient,
        secrets: @escaping @Sendable (String) throws -> String, now: @escaping @Sendable () -> Date,
        tokens: any TokenStore
    ) throws(TemplateError) {
        self.setup = setup
        var steps: [SourceStep: CompiledStep] = [:]
        for step in SourceStep.allCases {
            guard let json = templates[step] else { continue }
            let template = try RequestTemplate(parsing: json)
            steps[step] = CompiledStep(
                template: template,
                hasSecrets: template.variables.contains { $0.hasPrefix(TemplateVariable.secretPrefix) },
                isPaged: setup.isPaged(step))
        }
        self.steps = steps
        rules = ResponseRules(setup.responseRules, authentication: setup.authentication)
        pagination = setup.pagination.map(CompiledPagination.init)
        authorizer = Authorizer(
            setup.authentication, store: tokens, outbound: outbound, timeout: .milliseconds(setup.timeoutMilliseconds))
        self.outbound = outbound
        self.secrets = secrets
        self.now = now
    }

    /// The variables that the template of a step names; nil if the source has no such step.
    public func variables(of step: SourceStep) -> Set<String>? { steps[step]?.template.variables }

    /// Makes one step of the source. Every error becomes an outcome.
    ///
    /// - Parameters:
    ///   - variables: the values of the template's variables; secrets and `<<$cursor>>` are found without it.
    ///   - cancellation: lets somebody else abort it.
    ///   - observer: sees each call, secrets masked.
    ///   - turn: waits until a further call of the API may begin: asked before each one but the first, so that pages keep a rate too.
    public func perform(
        _ step: SourceStep, variables: (String) -> TemplateVariable?, cancellation: ExchangeCancellation? = nil,
        observer: (any ExchangeObserver)? = nil, turn: (@Sendable () async -> Void)? = nil
    ) async -> ExchangeOutcome {
        var session = ExchangeSession(
            secrets: SecretReader(secrets), cancellation: cancellation, observer: observer, turn: turn)
        do throws(ExchangeFailure) {
            guard let compiled = steps[step] else {
                throw ExchangeFailure(unsendable: "the source has no \(step.rawValue)_request_template")
            }
            var answer =
                if compiled.isPaged, let pagination {
                    try await pages(of: compiled, pagination, variables, &session)
                } else {
                    try await whole(of: compiled, variables, &session)
                }
            answer.calls = session.calls
            return .answer(answer)
        } catch {
            var failure = error
            failure.mayHaveBeenSent = failure.mayHaveBeenSent || session.mayHaveBeenSent
            failure.calls = session.calls
            return .failure(failure)
        }
    }

    /// An answer in one piece.
    private func whole(
        of step: CompiledStep, _ variables: (String) -> TemplateVariable?, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> ExchangeAnswer {
        let call = try render(step, variables, cursor: nil, &session)
        let (response, noData) = try await answer(to: call, bytesMax: setup.responseBytesMax, &session)
        return ExchangeAnswer(
            status: response.status, contentType: response.header("content-type"), body: response.body, pages: nil,
            noData: noData, calls: [])
    }

    /// An answer in pages, one after the other.
    private func pages(
        of step: CompiledStep, _ pagination: CompiledPagination, _ variables: (String) -> TemplateVariable?,
        _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> ExchangeAnswer {
        var sequence = PageSequence(pagination)
        var document = PageDocument()
        var request: PageRequest? = sequence.first
        var status = 200
        while let page = request {
            let call = try self.call(for: page, step, variables, &session)
            let bytesMax = setup.responseBytesMax - document.bytes
            guard bytesMax > 0 else { throw .pagesTooLarge(setup.responseBytesMax) }
            let response: OutboundResponse
            let noData: String?
            do throws(ExchangeFailure) {
                (response, noData) = try await answer(to: call, bytesMax: bytesMax, &session)
            } catch {
                let isRest = error.substate == "body_too_large" && document.bytes > 0
                throw isRest ? .pagesTooLarge(setup.responseBytesMax) : error
            }
            if let noData {
                // Nothing behind the last page is the end of the pages.
                if document.count > 0 { break }
                return ExchangeAnswer(
                    status: response.status, contentType: response.header("content-type"), body: response.body,
                    pages: nil, noData: noData, calls: [])
            }
            status = response.status
            document.append(response.body)
            do throws(PageRefusal) {
                let links = response.headers.filter { $0.name.lowercased() == "link" }.map(\.value)
                request = try sequence.next(after: response.body, at: call.url, links: links)
            } catch {
                throw ExchangeFailure(error, response, session.secrets.mask)
            }
        }
        return ExchangeAnswer(
            status: status, contentType: "application/json", body: document.json, pages: document.count, noData: nil,
            calls: [])
    }

    private func call(
        for page: PageRequest, _ step: CompiledStep, _ variables: (String) -> TemplateVariable?,
        _ session: inout ExchangeSession
    ) throws(ExchangeFailure) -> SourceCall {
        var call = try render(step, variables, cursor: page.cursor, &session)
        if let parameter = page.parameter, !page.cursor.isNull {
            call.setParameter(parameter, to: page.cursor.stringValue ?? page.cursor.description)
        }
        if let address = page.address {
            call.url = address
            call.shownURL = session.secrets.masked(address: address)
        }
        return call
    }

    private func render(
        _ step: CompiledStep, _ variables: (String) -> TemplateVariable?, cursor: JSONValue?,
        _ session: inout ExchangeSession
    ) throws(ExchangeFailure) -> SourceCall {
        var secrets = session.secrets
        let lookup: (String) -> TemplateVariable? = { name in
            if let cursor, name == "cursor" { return TemplateVariable(cursor) }
            guard name.hasPrefix(TemplateVariable.secretPrefix) else { return variables(name) }
            return secrets.value(of: name).map { TemplateVariable(.string($0), isSecret: true) }
        }
        let rendered: RenderedRequest
        let shownURL: String
        do throws(TemplateError) {
            rendered = try step.template.render(lookup)
            shownURL = step.hasSecrets ? try step.template.masked(lookup).url : rendered.url
        } catch {
            throw ExchangeFailure(unsendable: "\(error)")
        }
        session.secrets = secrets
        try secrets.check()
        guard rendered.unresolved.isEmpty else {
            let names = rendered.unresolved.map { "<<$\($0)>>" }.joined(separator: ", ")
            throw ExchangeFailure(unsendable: "no value for \(names)")
        }
        return SourceCall(
            method: rendered.method, url: rendered.url, shownURL: shownURL,
            headers: rendered.headers.map { ($0.name, $0.value) }, body: rendered.body)
    }

    /// Makes a call, and once more with new credentials if the API asks for them.
    ///
    /// - Returns: an answer that can be used, and why it holds nothing if it does not.
    private func answer(
        to call: SourceCall, bytesMax: Int, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> (OutboundResponse, noData: String?) {
        var hasRefreshed = false
        while true {
            var call = call
            let token = try await authorizer.authorize(&call, &session)
            let response = try await send(call, bytesMax: bytesMax, &session)
            let verdict = rules.verdict(
                status: response.status, header: { response.header($0) }, body: response.body, now: now)
            switch verdict.action {
            case .success:
                session.note(call, response)
                return (response, nil)
            case .noData:
                session.note(call, response)
                return (response, verdict.reason)
            case .refreshCredentials:
                guard let token, !hasRefreshed else {
                    let again =
                        token == nil
                        ? "the source has no credentials that could be fetched anew"
                        : "also with credentials that were fetched anew"
                    throw session.failure(call, response, verdict, because: "\(verdict.reason); \(again)")
                }
                session.note(call, response, error: "\(verdict.reason); new credentials are fetched")
                try await authorizer.invalidate(token)
                hasRefreshed = true
            case .retry, .retryLater, .pauseSource, .fail:
                throw session.failure(call, response, verdict, because: verdict.reason)
            }
        }
    }

    private func send(
        _ call: SourceCall, bytesMax: Int, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> OutboundResponse {
        let request = call.request(timeout: .milliseconds(setup.timeoutMilliseconds), responseBytesMax: bytesMax)
        do throws(OutboundError) {
            if session.mayHaveBeenSent { await session.turn?() }
            let exchange = try outbound.call(request)
            session.cancellation?.begin(exchange)
            defer { session.cancellation?.end() }
            let response = try await exchange.response()
            session.mayHaveBeenSent = true
            return response
        } catch {
            session.note(call, error)
            throw ExchangeFailure(error)
        }
    }
}
