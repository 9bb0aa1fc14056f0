import Catalogue
import JSON
import Sources
import Testing

@Suite("Webhook endpoints in a catalogue")
struct WebhookEndpointDeclarationTests {
    private func catalogue(_ endpoint: String) -> String {
        "organization: demo\nwebhook_endpoints:\n  crm: { url: https://example.com/hooks, \(endpoint) }"
    }

    @Test func allThatAnEndpointCanSayIsRead() throws {
        let text = catalogue(
            """
            event_types: [activity_request.completed, webhook_endpoint.disabled], ordered: true, rate: 600/m, \
            headers: { X-Tenant: acme, authorization: "Bearer <<$secret.CRM_TOKEN>>" }
            """)
        let endpoint = try #require(CatalogueDefinition(parsing: text).organizations.first?.webhookEndpoints.first)
        #expect(endpoint.eventTypes == ["activity_request.completed", "webhook_endpoint.disabled"])
        #expect(endpoint.headers == ["x-tenant": "acme", "authorization": "Bearer <<$secret.CRM_TOKEN>>"])
        #expect(endpoint.rate?.calls == 600 && endpoint.rate?.perMilliseconds == 60_000)
        #expect(endpoint.isOrdered && endpoint.secretName == nil)
    }

    @Test func whatIsLeftOutIsNotWanted() throws {
        let endpoint = try #require(
            CatalogueDefinition(parsing: catalogue("secret: <<$secret.HOOK>>")).organizations.first?.webhookEndpoints
                .first)
        #expect(endpoint.secretName == "HOOK" && endpoint.eventTypes == nil && endpoint.rate == nil)
        #expect(endpoint.headers.isEmpty && !endpoint.isOrdered)
        // An empty list says more than none: not even that another endpoint is disabled.
        let silent = try CatalogueDefinition(parsing: catalogue("event_types: []"))
        #expect(silent.organizations.first?.webhookEndpoints.first?.eventTypes == [])
    }

    @Test(arguments: [
        ("event_types: [activity_request.complete]", CatalogueProblem.Code.unknownValue, "event_types[0]"),
        ("event_types: [webhook_endpoint.test]", .unknownValue, "event_types[0]"),
        ("event_types: [\"*\", \"*\"]", .conflict, "event_types[1]"),
        ("event_types: activity_request.completed", .wrongType, "event_types"),
        ("headers: { Webhook-Id: x }", .invalidName, "headers.Webhook-Id"),
        ("headers: { Content-Type: text/plain }", .invalidName, "headers.Content-Type"),
        ("headers: { Host: example.com }", .invalidName, "headers.Host"),
        ("headers: { traceparent: x }", .invalidName, "headers.traceparent"),
        ("headers: { transfer-encoding: chunked }", .invalidName, "headers.transfer-encoding"),
        ("headers: { Connection: close }", .invalidName, "headers.Connection"),
        ("headers: { content-length: \"3\" }", .invalidName, "headers.content-length"),
        ("headers: { upgrade: h2c }", .invalidName, "headers.upgrade"),
        ("headers: { te: trailers }", .invalidName, "headers.te"),
        ("headers: { keep-alive: timeout }", .invalidName, "headers.keep-alive"),
        ("headers: { webhook-signature: x }", .invalidName, "headers.webhook-signature"),
        ("headers: { \"x y\": z }", .invalidName, "headers.x y"),
        ("headers: { \"x\\r\\nhost\": z }", .invalidName, "headers.x\r\nhost"),
        ("headers: { x-a: one, X-A: two }", .conflict, "headers.X-A"),
        ("headers: { x-a: \"one\\r\\nhost: two\" }", .wrongType, "headers.x-a"),
        ("headers: { x-a: <<$object>> }", .unknownVariable, "headers.x-a"),
        ("headers: { authorization: Bearer s3cret }", .literalSecret, "headers.authorization"),
        ("headers: { x-a: 7 }", .wrongType, "headers.x-a"),
        ("rate: 10/d", .wrongType, "rate"),
        ("rate: 0/s", .outOfBounds, "rate"),
        ("ordered: sometimes", .wrongType, "ordered"),
        ("orderd: true", .unknownKey, "orderd"),
    ])
    func whatCannotBeIsRefusedWhereItStands(endpoint: String, code: CatalogueProblem.Code, path: String) {
        let found = problems(in: catalogue(endpoint))
        #expect(found.map(\.code) == [code] && found.first?.path == "webhook_endpoints.crm.\(path)", "\(found)")
        #expect(!"\(found)".contains("s3cret"), "a message repeats what may be a secret")
    }

    @Test func thereIsABoundOnHeaders() {
        let headers = (0..<17).map { "x-\($0): a" }.joined(separator: ", ")
        #expect(problems(in: catalogue("headers: { \(headers) }")).map(\.code) == [.outOfBounds])
    }
}
