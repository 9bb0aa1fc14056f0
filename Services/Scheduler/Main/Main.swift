import Glibc
import Runtime
import Scheduler

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-scheduler: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-scheduler", environment: ProcessInfo.processInfo.environment) { context in
                try SchedulerService.assemble(context)
            })
    }
}
