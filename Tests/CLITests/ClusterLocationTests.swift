import Testing

@testable import CLI

@Suite("Cluster location")
struct ClusterLocationTests {
    @Test func databaseURLNamesTheRoleAndEscapesTheSocketDirectory() {
        let location = ClusterLocation(directory: "/d", socketDirectory: "/tmp/a b/ö", account: nil)
        #expect(
            location.databaseURL(role: "weir_intake") == "postgresql://weir_intake@/weir?host=%2Ftmp%2Fa%20b%2F%C3%B6")
    }

    @Test func processFileIsReadyOnlyWhenItsEighthLineSaysSo() {
        let starting = "77\n/data\n1\n5432\n/run\n\n  123 4\nstarting\n"
        #expect(PostmasterFile(text: starting)?.isReady == false)
        #expect(PostmasterFile(text: starting.replacing("starting", with: "ready   "))?.isReady == true)
        #expect(PostmasterFile(text: "77\n/data\n")?.processID == 77)
        #expect(PostmasterFile(text: "") == nil)
        #expect(PostmasterFile(text: "-1\n") == nil)
    }

    @Test func missingServerProgramsAreAnErrorThatSaysWhatToInstall() {
        let error = #expect(throws: UpError.self) {
            try PostgresBinaries.locate(environment: ["PATH": "/nowhere"], root: "/nowhere")
        }
        #expect(error?.remedy.contains("scripts/setup") == true)
    }
}
