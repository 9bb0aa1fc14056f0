import CLI
import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// weir: the arguments and the environment, the command, an exit status.
@main
enum Main {
    static func main() async {
        exit(
            await CommandRunner.run(
                arguments: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment))
    }
}
