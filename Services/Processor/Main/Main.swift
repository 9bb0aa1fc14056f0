import Glibc
import Processor
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-processor: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-processor", environment: ProcessInfo.processInfo.environment) { context in
                try ProcessorService.assemble(context)
            })
    }
}
