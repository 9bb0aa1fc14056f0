import JSON
import Templates
import Testing

@Suite("Request templates")
struct RequestTemplateTests {
    private let template: JSONValue = [
        "url": "https://api.example.com/v1/<<$object>>",
        "headers": ["Authorization": "Bearer <<$secret.KEY>>"],
        "query": ["limit": "<<$max_objects>>"],
        "body": ["names": ["<<$objects>>"], "note": "for <<$object>>"],
    ]

    @Test func theVariablesAreListed() throws {
        let variables = try RequestTemplate(parsing: template).variables
        #expect(variables == ["object", "secret.KEY", "max_objects", "objects"])
    }

    @Test func unknownVariablesAreNamedWithTheirPlaces() throws {
        let unknown = try RequestTemplate(parsing: template).validate(known: ["max_objects", "objects"])
        #expect(
            unknown.map(\.description) == [
                "$.url: unknown variable <<$object>>",
                "$.headers.Authorization: unknown variable <<$secret.KEY>>",
                "$.body.note: unknown variable <<$object>>",
            ])
        #expect(try RequestTemplate(parsing: template).validate { _ in true }.isEmpty)
    }

    @Test func eachVariableIsLookedUpOnce() throws {
        var asked: [String] = []
        let request = try RequestTemplate(parsing: template).render { name in
            asked.append(name)
            return TemplateVariable(.string(name))
        }
        #expect(asked.sorted() == ["max_objects", "object", "objects", "secret.KEY"])
        #expect(request.unresolved.isEmpty)
    }

    @Test func aVariableMarkedSecretIsMaskedWhateverItsName() throws {
        let request = try RequestTemplate(parsing: template).masked { TemplateVariable("v", isSecret: $0 == "object") }
        #expect(request.url == "https://api.example.com/v1/***?limit=v")
        #expect(request.headers.first?.value == "Bearer ***")
    }

    @Test func aVariableIsLookedUpOnceWhateverItsFilters() throws {
        let template = try RequestTemplate(parsing: [
            "url": "https://example.com/<<$a|lower>>", "query": ["q": "<<$a|upper>>", "r": "<<$a>>"],
        ])
        var asked: [String] = []
        let request = try template.render { name in
            asked.append(name)
            return TemplateVariable("Ab")
        }
        #expect(asked == ["a"])
        #expect(request.url == "https://example.com/ab?q=AB&r=Ab")
        #expect(template.variables == ["a"])
    }

    @Test func aVariableIsRequiredUnlessItHasADefaultWhereverItStands() {
        let text = #"<<$a|default:1>> <<$b|upper|default:"x">> <<$c|trim>> <<$a>> <<$d|defaults>>"#
        #expect(PlaceholderText(text).requiredVariables == ["c", "a"])
        #expect(PlaceholderText(text).variables == ["a", "b", "c", "a"])
    }

    @Test func anUnknownFilterIsNamedAndTheKnownOnesAreListed() {
        let error = #expect(throws: TemplateError.self) {
            try RequestTemplate(parsing: ["url": "https://example.com/<<$a|uper>>"])
        }
        #expect(error?.unknownFilter == "uper")
        #expect(
            error?.description
                == "$.url: there is no filter 'uper'; there are default, upper, lower, trim, text, json, join")
    }

    @Test func filtersDoNotUncoverASecret() throws {
        let template = try RequestTemplate(parsing: ["url": "https://example.com/<<$object|upper>>"])
        let request = try template.masked { _ in TemplateVariable("hunter2", isSecret: true) }
        #expect(request.url == "https://example.com/***")
    }

    @Test func aFiltersArgumentIsBounded() throws {
        func url(_ count: Int) -> JSONValue {
            ["url": .string("https://example.com/<<$a|default:\"\(String(repeating: "x", count: count))\">>")]
        }
        _ = try RequestTemplate(parsing: url(Placeholder.argumentBytesMax - 2))
        #expect(throws: TemplateError.self) { try RequestTemplate(parsing: url(Placeholder.argumentBytesMax - 1)) }
    }

    @Test func errorsNeverShowValues() throws {
        let template = try RequestTemplate(parsing: [
            "url": "https://example.com/", "headers": ["X": "<<$secret.KEY>>"],
        ])
        let error = #expect(throws: TemplateError.self) {
            try template.render { _ in TemplateVariable("hunter2\n") }
        }
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.reason.contains("secret.KEY") == true)
    }

    @Test func theLengthsOfURLHeaderAndBodyAreBounded() throws {
        let limits = TemplateLimits(urlBytesMax: 60, headerBytesMax: 20, bodyBytesMax: 80)
        let template = try RequestTemplate(parsing: template, limits: limits)
        func path(_ name: String, _ count: Int) -> String? {
            let long = JSONValue.string(String(repeating: "x", count: count))
            do throws(TemplateError) {
                _ = try template.render { TemplateVariable($0 == name ? long : "v") }
                return nil
            } catch {
                return error.code == .tooLong ? error.path : "\(error)"
            }
        }
        #expect(path("object", 5) == nil)
        #expect(path("max_objects", 100) == "$.url")
        #expect(path("secret.KEY", 100) == "$.headers.Authorization")
        #expect(path("objects", 100) == "$.body")
    }

    @Test func hostileValuesNeverLeaveTheirPlace() throws {
        var random = SplitMix64(state: 42)
        let alphabet = Array("/?#&=%.:@\\\"'<>$ \r\n\t;,[]{}aé\u{0}\u{7f}*".unicodeScalars)
        let template = try RequestTemplate(parsing: template)
        for _ in 0..<5_000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                text.unicodeScalars.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
            }
            let value = TemplateVariable(.string(text))
            guard let request = try? template.render({ _ in value }) else { continue }
            #expect(
                request.url.split(separator: "/", omittingEmptySubsequences: false).count == 5,
                "\(text.debugDescription)")
            #expect(request.url.filter { $0 == "?" }.count == 1)
            #expect(!request.url.contains("#") && !request.url.contains("&"))
            #expect(request.url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect(request.headers.allSatisfy { !$0.value.utf8.contains { $0 < 0x20 && $0 != 0x09 } })
            let body = try JSONValue(parsing: #require(request.body))
            #expect(body == ["names": [.string(text)], "note": .string("for \(text)")])
        }
    }
}

/// A generator with a seed: the same values in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
