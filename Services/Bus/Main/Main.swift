import Bus
import Glibc
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-bus: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-bus", environment: ProcessInfo.processInfo.environment) { context in
                try BusService.assemble(context)
            })
    }
}
