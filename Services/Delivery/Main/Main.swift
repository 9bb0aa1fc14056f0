import Delivery
import Runtime

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
import Glibc

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
