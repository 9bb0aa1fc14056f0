import JSON
import Outbound
import Sources
import Templates

extension SourceClient {
    /// An answer in one piece.
    func whole(
        of step: CompiledStep, _ variables: (String) -> TemplateVariable?, _ session: inout ExchangeSession
    ) async throws(ExchangeFailure) -> ExchangeAnswer {
        let call = try render(step, variables, cursor: nil, &session)
        let (response, noData) = try await answer(to: call, bytesMax: setup.responseBytesMax, &session)
        return ExchangeAnswer(
            status: response.status, contentType: response.header("content-type"), body: response.body, pages: nil,
            noData: noData, calls: [])
    }

    /// An answer in pages, one after the other.
    func pages(
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
            // Nothing behind the last page is the end of the pages.
            if document.count > 0, noData != nil || response.hasNoContent {
                do throws(PageRefusal) {
                    try sequence.end()
                } catch {
                    throw session.failure(error, response)
                }
                break
            }
            if let noData {
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
                throw session.failure(error, response)
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
            headers: rendered.headers.map { ($0.name, $0.value) }, body: rendered.body, isSentOnce: step.isSentOnce)
    }
}

extension OutboundResponse {
    /// Whether it says that there is nothing, which is not the same as an answer that was cut off.
    fileprivate var hasNoContent: Bool { status == 204 && body.isEmpty }
}
