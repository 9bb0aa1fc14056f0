import Glibc
import Intake
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-intake: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-intake", environment: ProcessInfo.processInfo.environment) { context in
                try IntakeService.assemble(context)
            })
    }
}
