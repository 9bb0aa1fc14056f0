import Contracts

/// Takes objects' names out of comma-separated values.
///
/// Whether the first line is a heading is what the caller says. Without that it is one when a column is asked for by name, or when it
/// holds `object` or `name`; in all other cases it cannot be told, and asking costs less than an object too many or too few.
enum CSVObjects {
    private static let usualTitles = ["object", "name"]

    /// - Parameters:
    ///   - column: the title of the column, or without a heading its number from 1.
    ///   - hasHeader: whether the first line is a heading; nil when the caller does not say.
    static func parse(
        _ bytes: [UInt8], file: String, column: String?, hasHeader: Bool?
    ) throws(CommandError) -> FoundObjects {
        var reader = CSVReader(bytes, file: file)
        guard let first = try reader.next() else { return FoundObjects(names: [], place: file) }
        var names: [String] = []
        let position: Int
        let place: String
        if hasHeader == false {
            position = try number(column, of: first, file: file) - 1
            place = (first.fields.count > 1 ? "column \(position + 1) of " : "") + "\(file), its first line included"
            names.append(try name(of: first, at: position, file: file))
        } else {
            position = try headingPosition(first, file: file, column: column, isKnown: hasHeader == true)
            place = "column '\(ObjectList.trimmed(first.fields[position]))' of \(file), whose first line is a heading"
        }
        while let record = try reader.next() { names.append(try name(of: record, at: position, file: file)) }
        return FoundObjects(names: names, place: place)
    }

    /// The number of a column in a file without a heading.
    private static func number(_ column: String?, of first: CSVReader.Record, file: String) throws(CommandError) -> Int
    {
        guard let column else { return 1 }
        guard let number = Int(column), (1...first.fields.count).contains(number) else {
            throw .usage(
                "\(file):1: without a heading there is no column '\(TerminalText.safe(column))'",
                remedy: first.fields.count == 1
                    ? "The file has one column; leave --column out"
                    : "With --no-header, --column takes a number from 1 to \(first.fields.count)")
        }
        return number
    }

    private static func headingPosition(
        _ first: CSVReader.Record, file: String, column: String?, isKnown: Bool
    ) throws(CommandError) -> Int {
        let titles = first.fields.map(ObjectList.trimmed)
        if let column {
            if let position = titles.firstIndex(of: column) { return position }
            let nearest = NearestWord.find(column, among: titles)
            throw .usage(
                "\(file):\(first.line): there is no column '\(column)'"
                    + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                remedy: "The first line names \(TerminalText.safe(titles.joined(separator: ", ")))")
        }
        for title in usualTitles {
            if let position = titles.firstIndex(where: { $0.lowercased() == title }) { return position }
        }
        if titles.count > 1 {
            throw .usage(
                "\(file):\(first.line): no column is called object or name",
                remedy:
                    "Name the one to take with --column, of \(TerminalText.safe(titles.joined(separator: ", "))); if the first line is no heading, give --no-header and --column NUMBER"
            )
        }
        if isKnown { return 0 }
        throw .usage(
            "\(file):\(first.line): it cannot be told whether '\(TerminalText.safe(titles[0]))' is a heading or an object",
            remedy: "Give --no-header if every line is an object, or --header if the first line is a heading")
    }

    private static func name(of record: CSVReader.Record, at position: Int, file: String) throws(CommandError) -> String
    {
        guard position < record.fields.count else {
            throw CommandError(
                "\(file):\(record.line): the line has \(Quantity(record.fields.count, "column")); the name should be in column \(position + 1)"
            )
        }
        let name = ObjectList.trimmed(record.fields[position])
        guard !name.isEmpty else {
            throw CommandError(
                "\(file):\(record.line): the name in column \(position + 1) is empty",
                remedy: "Fill it in, or take the line out")
        }
        return name
    }
}
