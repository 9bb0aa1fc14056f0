import Glibc

/// What this machine has of what 'weir up' and 'weir demo' start.
struct ToolCheck {
    let context: CommandContext

    private static let services = ["weir-bus"] + UpPlan.databaseServices.map { "weir-\($0)" }

    func findings() -> [Finding] {
        let missing = missingServices
        // A container, or a machine that has the command alone: what Weir it speaks to runs elsewhere.
        guard missing.count < Self.services.count else {
            return [
                .ok("tools", "the command weir alone; services are not beside it, so 'weir up' is not for this place")
            ]
        }
        return [postgres, setpriv, executables(missing), countries]
    }

    private var missingServices: [String] {
        Self.services.filter { access("\(context.executableDirectory)/\($0)", X_OK) != 0 }
    }

    private var postgres: Finding {
        do {
            return .ok(
                "postgres",
                "server programs in \(try PostgresBinaries.locate(environment: context.environment).directory)")
        } catch {
            return .warn("postgres", "no server programs on this machine, which 'weir up' needs", remedy: error.remedy)
        }
    }

    private var setpriv: Finding {
        do {
            return .ok("setpriv", try ChildCommand.setprivPath())
        } catch {
            return .warn("setpriv", error.problem, remedy: error.remedy)
        }
    }

    private func executables(_ missing: [String]) -> Finding {
        guard !missing.isEmpty else {
            return .ok("executables", "all \(Self.services.count) services in \(context.executableDirectory)")
        }
        return .warn(
            "executables", "not beside weir: \(missing.joined(separator: ", "))",
            remedy: "make build; only 'weir up' and 'weir demo' need them here")
    }

    private var countries: Finding {
        guard access(CountryCodes.file, R_OK) == 0 else {
            return .warn(
                "iso-codes", "\(CountryCodes.file) is not there",
                remedy: "scripts/setup installs it; only 'weir demo' needs it")
        }
        return .ok("iso-codes", CountryCodes.file)
    }
}
