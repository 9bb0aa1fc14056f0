/// Takes objects' names out of comma-separated values.
///
/// The first line is a heading when a column is asked for by name, or when it holds `object` or `name`; otherwise the first
/// column counts from the first line on.
enum CSVObjects {
    private static let usualTitles = ["object", "name"]

    static func parse(_ bytes: [UInt8], file: String, column: String?) throws(CommandError) -> [String] {
        var reader = CSVReader(bytes, file: file)
        guard let first = try reader.next() else { return [] }
        var names: [String] = []
        let position: Int
        if let heading = try headingPosition(first, file: file, column: column) {
            position = heading
        } else {
            position = 0
            names.append(try name(of: first, at: 0, file: file))
        }
        while let record = try reader.next() { names.append(try name(of: record, at: position, file: file)) }
        return names
    }

    private static func headingPosition(_ first: CSVReader.Record, file: String, column: String?) throws(CommandError)
        -> Int?
    {
        let titles = first.fields.map(ObjectList.trimmed)
        guard let column else {
            return usualTitles.compactMap { title in titles.firstIndex { $0.lowercased() == title } }.first
        }
        if let position = titles.firstIndex(of: column) { return position }
        let nearest = CommandSpelling.nearest(to: column, among: titles)
        throw .usage(
            "\(file):\(first.line): there is no column '\(column)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
            remedy: "The first line names \(TerminalText.safe(titles.joined(separator: ", ")))")
    }

    private static func name(of record: CSVReader.Record, at position: Int, file: String) throws(CommandError) -> String
    {
        guard position < record.fields.count else {
            throw CommandError(
                "\(file):\(record.line): the line has \(record.fields.count) columns; the name should be in column \(position + 1)"
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
