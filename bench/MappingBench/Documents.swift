import JSON
import Mapping

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Maps the documents of a file, one a line, as bench/harness/mapping.py has jq and Postgres read them in the same run.
enum Documents {
    /// Prints the CPU seconds that mapping all of them takes, without reading the file, and what was found.
    static func map(file: String, plan name: String) throws {
        guard let plan = SamplePlan.all.first(where: { $0.name == name })?.plan else {
            throw BenchError.unknownPlan(name, known: SamplePlan.all.map(\.name))
        }
        let documents = try lines(of: file)
        let mapper = Mapper(plan)
        var values = 0
        let start = cpuSeconds()
        for document in documents {
            for object in try mapper.map(document).objects { values += object.values.count }
        }
        let duration = cpuSeconds() - start
        guard values == documents.count * plan.datapoints.count else { throw BenchError.incomplete(values: values) }
        let report: JSONValue = [
            "documents": .number(JSONNumber(documents.count)), "values": .number(JSONNumber(values)),
            "cpu_seconds": .number(JSONNumber(duration) ?? JSONNumber(0)),
        ]
        print(report)
    }

    private static func lines(of path: String) throws -> [[UInt8]] {
        guard let file = fopen(path, "r") else { throw BenchError.unreadable(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
    }
}
