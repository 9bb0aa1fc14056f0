import Contracts
import Testing

@Suite("Elements of a result")
struct ResultElementsTests {
    private let lines = Array("{\"object\":\"a\"}\n{\"object\":\"b\"}\n{\"object\":\"c\"}\n".utf8)

    @Test(arguments: [1, 2, 14, 15, 16, 30, 100])
    func linesBecomeTheSameElementsWhereverTheyAreCut(size: Int) {
        var elements = ResultElements()
        var text = ""
        var rest = lines[...]
        while !rest.isEmpty {
            text += String(decoding: elements.next(Array(rest.prefix(size))), as: UTF8.self)
            text += String(decoding: elements.next([]), as: UTF8.self)
            rest = rest.dropFirst(size)
        }
        #expect(text == #"{"object":"a"},{"object":"b"},{"object":"c"}"#)
    }
}
