import Executor
import Glibc
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-executor: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-executor", environment: ProcessInfo.processInfo.environment) { context in
                try ExecutorService.assemble(context)
            })
    }
}
