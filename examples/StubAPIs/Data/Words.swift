/// What names and addresses of made up companies and people consist of.
enum Words {
    struct Place: Sendable {
        var city: String
        var country: String
    }

    static let firstParts = [
        "Adler", "Birke", "Corvus", "Delta", "Eiche", "Fjord", "Garten", "Hafen", "Iris", "Juniper", "Kranich",
        "Linden",
        "Morgen", "Nord", "Olive", "Pelikan", "Quell", "Rosen", "Silber", "Tal", "Ulmen", "Veilchen", "Wald", "Zeder",
        "Anker", "Berg", "Cedar", "Distel",
    ]

    /// One for each industry, in its order.
    static let secondParts = [
        "Bakery", "Logistics", "Software", "Energy", "Textiles", "Machines", "Foods", "Media", "Consulting", "Optics",
        "Pharma", "Mobility", "Timber", "Insurance", "Robotics",
    ]

    static let industries = [
        "bakery", "logistics", "software", "energy", "textiles", "machinery", "food", "media", "consulting", "optics",
        "pharmaceuticals", "mobility", "timber", "insurance", "robotics",
    ]

    static let places = [
        Place(city: "Berlin", country: "DE"), Place(city: "Hamburg", country: "DE"),
        Place(city: "München", country: "DE"),
        Place(city: "Wien", country: "AT"), Place(city: "Paris", country: "FR"), Place(city: "Lyon", country: "FR"),
        Place(city: "Madrid", country: "ES"), Place(city: "Warszawa", country: "PL"),
        Place(city: "Oslo", country: "NO"),
        Place(city: "London", country: "GB"), Place(city: "Dublin", country: "IE"),
        Place(city: "Milano", country: "IT"),
    ]

    static let givenNames = [
        "Ada", "Boris", "Clara", "David", "Emma", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Leo", "Mina",
        "Nils",
        "Olga", "Paul", "Rosa", "Sami", "Tina", "Umut",
    ]

    static let familyNames = [
        "Albers", "Brandt", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanov", "Jansen", "Keller",
        "Lang",
        "Moreau", "Nowak", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ude", "Vogel", "Weber", "Yilmaz",
    ]

    /// The first person has the first role; all after the last one have that.
    static let roles = ["Managing director", "Head of finance", "Head of sales", "Head of engineering", "Employee"]
}
