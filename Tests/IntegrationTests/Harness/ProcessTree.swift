import Foundation

/// Processes as the kernel lists them (proc(5)).
enum ProcessTree {
    /// One process; its number may be another's later, its number with its start may not.
    struct Member: Sendable, Hashable, CustomStringConvertible {
        let process: pid_t
        let start: String
        let command: String

        var description: String { "\(process) (\(command))" }
    }

    /// A process' descendants that are alive, whoever started them.
    static func descendants(of ancestor: pid_t) -> Set<Member> {
        let all = list()
        var found: Set<Member> = []
        var parents: Set<pid_t> = [ancestor]
        while !parents.isEmpty {
            let children = all.filter { parents.contains($0.parent) }.map(\.member)
            found.formUnion(children)
            parents = Set(children.map(\.process))
        }
        return found
    }

    /// Those that are alive still.
    static func survivors(of members: Set<Member>) -> [Member] {
        let alive = Set(list().map { "\($0.member.process) \($0.member.start)" })
        return members.filter { alive.contains("\($0.process) \($0.start)") }.sorted { $0.process < $1.process }
    }

    /// Processes with a text in their command line or environment.
    static func mentioning(_ text: String) -> [Member] {
        list().map(\.member).filter { member in
            ["cmdline", "environ"].contains { name in
                let bytes = FileManager.default.contents(atPath: "/proc/\(member.process)/\(name)") ?? Data()
                return bytes.firstRange(of: Data(text.utf8)) != nil
            }
        }
    }

    /// All processes that have not ended; what is dead and only not reaped yet does not count.
    private static func list() -> [(member: Member, parent: pid_t)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { name in
            guard let process = pid_t(name),
                let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
            else { return nil }
            // Behind the name: state, parent, …, and the start as the 22nd field of all.
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let parent = pid_t(fields[1]) else {
                return nil
            }
            let command = String(text[text.index(after: open)..<close])
            return (Member(process: process, start: String(fields[19]), command: command), parent)
        }
    }
}
