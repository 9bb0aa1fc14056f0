import Contracts
import Mapping
import Postgres
import Store

/// What one answer means for one run. Pure.
struct RunMapping {
    let mapper: Mapper
    let mapping: SourceMapping

    /// Maps the run's answer: the values of its object, or why there are none.
    func map(_ run: FetchedRun) -> ProcessedRun {
        let answer: MappedAnswer
        do {
            answer = try mapper.map(run.body)
        } catch {
            return ProcessedRun(
                run: run, succeeded: false, substate: error.code.rawValue,
                reason: "the answer cannot be used: \(error.reason)")
        }
        guard let object = object(of: run, in: answer) else {
            return ProcessedRun(run: run, succeeded: true, substate: "no_data", reason: Self.absence(run, answer))
        }
        let values = object.values.map { value in
            (datapoint: mapping.datapoints[value.datapoint], json: JSONB(Array(value.json)))
        }
        return ProcessedRun(
            run: run, succeeded: true, substate: values.isEmpty ? "no_data" : nil,
            reason: values.isEmpty ? "the answer holds none of the mapped values" : conversionFailures(answer),
            values: values)
    }

    /// The part of the answer that is about the run's object: the only one, or the one of that name.
    private func object(of run: FetchedRun, in answer: MappedAnswer) -> MappedObject? {
        if answer.objects.count == 1, !mapping.isAboutMany { return answer.objects[0] }
        return answer.objects.first { $0.name == run.objectName }
    }

    private static func absence(_ run: FetchedRun, _ answer: MappedAnswer) -> String {
        answer.objects.isEmpty
            ? "the answer names no object where the mapping looks for one"
            : "the answer names \(answer.objects.count) objects, but not this one"
    }

    private func conversionFailures(_ answer: MappedAnswer) -> String? {
        guard let first = answer.failures.first else { return nil }
        let others = answer.failureCount - 1
        return others > 0 ? "\(first); \(others) more like it" : "\(first)"
    }
}
