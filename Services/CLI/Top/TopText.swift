#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The picture as people read it.
struct TopText {
    /// What stands where nothing is known.
    private static let unknown = "-"

    let style: TextStyle
    let width: Int

    /// All lines.
    ///
    /// - Parameter time: the time of day.
    func lines(_ picture: TopPicture, time: String) -> [String] {
        guard !picture.processes.isEmpty else {
            return [style.bold("weir top") + " · \(time)", "", "No service has reported yet."]
        }
        return [title(picture, time: time), ""] + stages(picture.stages).lines(width: width, style: style) + [""]
            + processes(picture.processes).lines(width: width, style: style) + bus(picture.bus)
    }

    private func title(_ picture: TopPicture, time: String) -> String {
        let silent = picture.processes.count { $0.silentSeconds != nil }
        let reporting = picture.processes.count - silent
        var text = style.bold("weir top") + " · \(reporting) \(reporting == 1 ? "process reports" : "processes report")"
        if silent > 0 { text += style.red(", \(silent) \(silent == 1 ? "is" : "are") silent") }
        return text + " · \(time)"
    }

    private func stages(_ stages: [TopPicture.StageLine]) -> TextTable {
        var table = TextTable([
            .whole("stage"), .whole("unit"), .right("rate/s"), .right("failed/s"), .right("waiting"), .right("oldest"),
            .right("under way"), .right("of"), .right("mean"),
        ])
        for stage in stages {
            table.add([
                stage.name, stage.unit, Self.rate(stage.rate), Self.rate(stage.failedRate), Self.count(stage.waiting),
                stage.waiting == 0 ? Self.unknown : Self.span(stage.oldestSeconds), Self.count(stage.inFlight),
                Self.count(stage.inFlightMax), Self.span(stage.meanSeconds),
            ])
        }
        return table
    }

    private func processes(_ processes: [TopPicture.ProcessLine]) -> TextTable {
        var table = TextTable([
            .whole("service"), .left("host"), .right("process"), .right("up"), .right("cpu"), .right("memory"),
            .right("pool"), .right("wait"), .right("rate/s"), .whole("unit"), .right("under way"),
        ])
        for process in processes {
            let cells = [
                process.service.replacing("weir-", with: "", maxReplacements: 1), process.host, "\(process.process)",
                Self.uptime(process.uptimeSeconds),
            ]
            guard process.silentSeconds == nil else {
                // What it said last is not true any more.
                table.add(cells + ["silent", Self.span(process.silentSeconds)])
                continue
            }
            table.add(
                cells + [
                    process.cpu.map { "\(Int(($0 * 100).rounded())) %" } ?? Self.unknown,
                    Self.bytes(process.memoryBytes), Self.share(process.connectionsInUse, of: process.connectionsMax),
                    Self.count(process.connectionWaiters), Self.rate(process.rate),
                    process.rate == nil ? "" : process.unit, Self.share(process.inFlight, of: process.inFlightMax),
                ])
        }
        return table
    }

    private func bus(_ bus: TopPicture.BusLine?) -> [String] {
        guard let bus else { return ["", style.yellow("The bus does not report.")] }
        let line =
            "bus: \(Self.rate(bus.receivedRate)) received/s, \(Self.rate(bus.mergedRate)) merged/s, "
            + "\(Self.rate(bus.deliveredRate)) delivered/s, \(Self.rate(bus.droppedRate)) dropped/s, "
            + "\(Self.count(bus.waiting)) waiting, credit for \(Self.count(bus.credit))"
        return ["", TerminalText.truncated(line, width: width)]
    }

    /// A rate: `0`, `0.3`, `12.0`, `480`, `12,300`.
    static func rate(_ rate: Double?) -> String {
        guard let rate else { return unknown }
        if rate == 0 { return "0" }
        guard rate < 100 else { return count(rate.rounded()) }
        let tenths = Int((rate * 10).rounded())
        return tenths == 0 ? "<0.1" : tenths >= 1_000 ? "100" : "\(tenths / 10).\(tenths % 10)"
    }

    /// A whole number with commas.
    static func count(_ count: Double?) -> String {
        guard let count else { return unknown }
        let digits = Array(String(Int(count)))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }

    private static func share(_ part: Double?, of whole: Double?) -> String {
        guard let part else { return unknown }
        return whole.map { "\(count(part))/\(count($0))" } ?? count(part)
    }

    private static func span(_ seconds: Double?) -> String {
        seconds.map { DurationText.of(microseconds: Int64(min(max($0, 0), 1e9) * 1_000_000)) } ?? unknown
    }

    private static func uptime(_ seconds: Double) -> String {
        let whole = Int(seconds)
        return switch whole {
        case ..<60: "\(whole) s"
        case ..<3_600: "\(whole / 60) min"
        case ..<172_800: "\(whole / 3_600) h"
        default: "\(whole / 86_400) d"
        }
    }

    private static func bytes(_ bytes: Double?) -> String {
        bytes.map { "\(Int(($0 / 1_048_576).rounded())) MiB" } ?? unknown
    }
}
