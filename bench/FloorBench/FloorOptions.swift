import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the command line says.
struct FloorOptions {
    var databaseURL = ""
    var answerPath = ""
    var runs = 10_000
    var batch = 100
    var connections = 8

    /// Reads `--name value` pairs.
    init(arguments: [String]) throws(FloorError) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw FloorError("\(name) needs a value") }
            switch name {
            case "--database-url": databaseURL = value
            case "--answer": answerPath = value
            case "--runs": runs = try Self.count(value, of: name, max: 100_000_000)
            case "--batch": batch = try Self.count(value, of: name, max: 10_000)
            case "--connections": connections = try Self.count(value, of: name, max: 100)
            default: throw FloorError("unknown option \(name)")
            }
        }
        if databaseURL.isEmpty || answerPath.isEmpty { throw FloorError("--database-url and --answer are required") }
    }

    private static func count(_ text: String, of name: String, max: Int) throws(FloorError) -> Int {
        guard let count = Int(text), (1...max).contains(count) else {
            throw FloorError("\(name) takes a number from 1 to \(max), not \(text)")
        }
        return count
    }

    /// The raw answer that is stored for every run.
    func readAnswer() throws(FloorError) -> Bytea {
        guard let data = FileManager.default.contents(atPath: answerPath) else {
            throw FloorError("\(answerPath) cannot be read")
        }
        return Bytea([UInt8](data))
    }
}

/// Why the benchmark could not run.
struct FloorError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
