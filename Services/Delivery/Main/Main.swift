import Delivery
import Glibc
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir-delivery: settings from the environment, the service, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await ServiceMain.run("weir-delivery", environment: ProcessInfo.processInfo.environment) { context in
                try DeliveryService.assemble(context)
            })
    }
}
