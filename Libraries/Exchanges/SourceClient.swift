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

    let steps: [SourceStep: CompiledStep]
    let rules: ResponseRules
    let pagination: CompiledPagination?
    let authorizer: Authorizer
    let outbound: OutboundClient
    private let secrets: @Sendable (String) throws -> String
    let now: @Sendable () -> Date

    /// A step's template with what is asked about it for every call.
    struct CompiledStep {
        let template: RequestTemplate
        /// Whether what is shown needs a rendering of its own.
        let hasSecrets: Bool
        let isPaged: Bool
        /// Whether it submits a job, of which there must not be two.
        let isSentOnce: Bool
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
                isPaged: setup.isPaged(step), isSentOnce: step == .run && setup.job != nil)
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
    ///   - turn: waits until a further call of the API may begin, and says whether it may: asked before each one but the first, so that pages
    ///     keep a rate too.
    public func perform(
        _ step: SourceStep, variables: (String) -> TemplateVariable?, cancellation: ExchangeCancellation? = nil,
        observer: (any ExchangeObserver)? = nil, turn: (@Sendable () async -> Bool)? = nil
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
            failure.calls = session.calls
            return .failure(failure)
        }
    }
}
