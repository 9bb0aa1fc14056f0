import JSON
import Store

/// Lines of a result that are to say where their values come from: the stored lines stay as they are, and `provenance` is put at the end of each.
struct ProvenanceLines {
    /// The objects that the lines are about, in their order.
    let names: [String]
    private let lines: [ArraySlice<UInt8>]

    /// - Parameter bytes: whole lines.
    init(_ bytes: ArraySlice<UInt8>) {
        lines = bytes.split(separator: UInt8(ascii: "\n"))
        names = lines.map { Self.name(in: $0) }
    }

    /// The lines with the provenance of each object; an object that nothing is known of has an empty one.
    func completed(_ provenance: [ExactText: [ValueProvenance]]) -> [UInt8] {
        var completed: [UInt8] = []
        completed.reserveCapacity(lines.reduce(0) { $0 + $1.count + 256 })
        for (line, name) in zip(lines, names) {
            completed += line.dropLast()
            completed += Array(#","provenance":"#.utf8)
            completed += Self.encoded(provenance[ExactText(name)] ?? [])
            completed += Array("}\n".utf8)
        }
        return completed
    }

    private static func encoded(_ values: [ValueProvenance]) -> [UInt8] {
        var writer = JSONWriter(capacity: 2 + values.count * 128)
        writer.beginObject()
        for value in values {
            writer.key(value.datapoint)
            writer.beginObject()
            writer.key("source")
            writer.string(value.source)
            writer.key("run")
            writer.string("\(value.run)")
            writer.key("at")
            writer.string(value.at)
            writer.endObject()
        }
        writer.endObject()
        return writer.take()
    }

    /// A line begins with the object's name; what follows need not be parsed.
    private static func name(in line: ArraySlice<UInt8>) -> String {
        let beginning = Array(#"{"object":"#.utf8)
        guard line.starts(with: beginning) else { return "" }
        let text = line.dropFirst(beginning.count)
        guard var end = text.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else { return "" }
        while isEscaped(end, in: text) {
            guard let next = text[(end + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return "" }
            end = next
        }
        return (try? JSONValue(parsing: Array(text[...end])))?.stringValue ?? ""
    }

    private static func isEscaped(_ place: Int, in text: ArraySlice<UInt8>) -> Bool {
        !text[..<place].reversed().prefix { $0 == UInt8(ascii: "\\") }.count.isMultiple(of: 2)
    }
}
