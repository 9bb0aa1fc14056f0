import JSON
import Templates
import Testing

@Suite("Placeholder vectors")
struct PlaceholderVectorTests {
    private static let vectors = Result { try Vectors.load("placeholders") }

    @Test func everyTextIsRenderedAsListed() throws {
        for vector in try #require(Self.vectors.get()["text"]?.arrayValue) {
            let input = try #require(vector["input"]?.stringValue)
            let (text, isResolved) = PlaceholderText(input).render { vector["variables"]?[$0] }
            #expect(text == vector["output"]?.stringValue, "\(vector)")
            #expect(isResolved == vector["resolved"]?.boolValue, "\(vector)")
        }
    }

    @Test func everyJSONTemplateIsRenderedAsListed() throws {
        for vector in try #require(Self.vectors.get()["json"]?.arrayValue) {
            let body = try #require(vector["template"])
            let template = try RequestTemplate(parsing: ["url": "https://api.example.com/", "body": body])
            let request = try template.render { name in vector["variables"]?[name].map { TemplateVariable($0) } }
            #expect(try JSONValue(parsing: #require(request.body)) == vector["output"], "\(vector)")
            #expect(request.unresolved == vector["unresolved"]?.arrayValue?.compactMap(\.stringValue), "\(vector)")
        }
    }

    @Test func everyRequestIsRenderedOrRefusedAsListed() throws {
        for vector in try #require(Self.vectors.get()["requests"]?.arrayValue) {
            let template = try #require(vector["template"])
            let lookup = { (name: String) in vector["variables"]?[name].map { TemplateVariable($0) } }
            do throws(TemplateError) {
                let compiled = try RequestTemplate(parsing: template)
                let request = try compiled.render(lookup)
                #expect(Self.json(request) == vector["request"], "\(vector["name"] ?? .null)")
                #expect(request.unresolved == vector["unresolved"]?.arrayValue?.compactMap(\.stringValue) ?? [])
                if let masked = vector["masked"] { #expect(try Self.json(compiled.masked(lookup)) == masked) }
            } catch {
                let found: JSONValue = ["code": .string(error.code.rawValue), "path": .string(error.path)]
                #expect(found == vector["error"], "\(vector["name"] ?? .null): \(error)")
            }
        }
    }

    @Test func everythingThatMustNotStandInATemplateIsRefused() throws {
        for vector in try #require(Self.vectors.get()["refused"]?.arrayValue) {
            let input = try #require(vector["input"])
            for template: JSONValue in [
                ["url": "https://api.example.com/", "body": [input]],
                ["url": "https://api.example.com/", "query": ["q": input]],
                ["url": "https://api.example.com/", "headers": ["X-Input": input]],
            ] {
                let error = #expect(throws: TemplateError.self, "\(vector)") { try RequestTemplate(parsing: template) }
                #expect(error?.code.rawValue == vector["code"]?.stringValue, "\(vector): \(error?.reason ?? "")")
            }
            // Without a check it is text.
            guard vector["code"] != "placeholder_not_allowed" else { continue }
            let text = input.stringValue ?? ""
            #expect(PlaceholderText(text).render { _ in "x" }.text == text, "\(vector)")
        }
    }

    private static func json(_ request: RenderedRequest) -> JSONValue {
        var object: JSONObject = [
            "method": .string(request.method),
            "url": .string(request.url),
            "headers": .array(request.headers.map { [.string($0.name), .string($0.value)] }),
        ]
        object["body"] = request.body.flatMap { try? JSONValue(parsing: $0) }
        return .object(object)
    }
}
