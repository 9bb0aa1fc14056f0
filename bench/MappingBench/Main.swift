import JSON
import Mapping

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Maps the same answer over and over on one core and prints JSON: documents per second, the best and the median of several
/// rounds, for answers as APIs send them (compact) and indented ones, and for four kinds of plan. What counts is the process's CPU
/// time, so that other work on the machine falsifies little.
///
/// Usage: `MappingBench [rounds] [documents-per-round]`, 7 and 100,000 by default; `MappingBench sample` prints that answer, and
/// `MappingBench map FILE PLAN` maps the documents of a file once.
@main
enum Main {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        if words == ["sample"] { return print(String(decoding: SampleAnswer.compact, as: UTF8.self)) }
        if words.count == 3, words[0] == "map" { return try Documents.map(file: words[1], plan: words[2]) }
        let arguments = words.compactMap { Int($0) }
        let rounds = max(arguments.first ?? 7, 1)
        let documents = max(arguments.dropFirst().first ?? 100_000, 1)
        var results: [JSONValue] = []
        for plan in SamplePlan.all {
            for (format, answer) in [("compact", SampleAnswer.compact), ("indented", SampleAnswer.pretty)] {
                let rates = try measure(plan.plan, answer, rounds: rounds, documents: documents)
                let median = rates.sorted()[rates.count / 2]
                results.append([
                    "plan": .string(plan.name),
                    "format": .string(format),
                    "document_bytes": .number(JSONNumber(answer.count)),
                    "documents_per_second_median": .number(JSONNumber(Int(median))),
                    "documents_per_second_best": .number(JSONNumber(Int(rates.max() ?? 0))),
                    "microseconds_per_document": .number(JSONNumber(1_000_000 / median) ?? JSONNumber(0)),
                ])
            }
        }
        let report: JSONValue = [
            "benchmark": "mapping",
            "cores": 1,
            "rounds": .number(JSONNumber(rounds)),
            "documents_per_round": .number(JSONNumber(documents)),
            "results": .array(results),
        ]
        print(report)
    }

    /// Documents per second of each round, after one round that warms up and checks that the mapping finds what it should.
    private static func measure(
        _ plan: MappingPlan, _ answer: [UInt8], rounds: Int, documents: Int
    ) throws -> [Double] {
        let mapper = Mapper(plan)
        var rates: [Double] = []
        for round in 0...rounds {
            var values = 0
            let start = cpuSeconds()
            for _ in 0..<documents {
                let mapped = try mapper.map(answer)
                for object in mapped.objects { values += object.values.count }
            }
            let duration = cpuSeconds() - start
            guard values == documents * plan.datapoints.count else { throw BenchError.incomplete(values: values) }
            if round > 0 { rates.append(Double(documents) / duration) }
        }
        return rates
    }
}

/// The CPU time of this process so far.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

enum BenchError: Error {
    case incomplete(values: Int)
    case unknownPlan(String, known: [String])
    case unreadable(String)
}
