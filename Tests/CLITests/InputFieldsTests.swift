import JSON
import Testing

@testable import CLI

@Suite("Input from the command line")
struct InputFieldsTests {
    @Test func aValueIsJSONWhereItReadsAsThatAndElseText() throws {
        let input = try InputFields.parse([
            "query=bakery & café", "size_min=10", "listed=true", #"places=["Berlin","Bonn"]"#, #"code="0815""#,
            "zip=01067",
            "empty=", "nothing=null", "equation=a=b", #"object={"a":1}"#,
        ])
        #expect(
            input == [
                "query": "bakery & café", "size_min": 10, "listed": true, "places": ["Berlin", "Bonn"], "code": "0815",
                "zip": "01067", "empty": "", "nothing": "null", "equation": "a=b", "object": #"{"a":1}"#,
            ])
    }
}
