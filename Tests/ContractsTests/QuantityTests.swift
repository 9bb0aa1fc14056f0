import Contracts
import Testing

@Suite("Quantities")
struct QuantityTests {
    @Test func oneIsSingularAndAllElsePlural() {
        #expect((0...2).map { Quantity($0, "run").description } == ["0 runs", "1 run", "2 runs"])
        #expect(Quantity(2, "country", "countries").description == "2 countries")
        #expect(Quantity(1, "country", "countries").noun == "country")
    }
}
