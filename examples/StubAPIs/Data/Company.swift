/// A made up company. Everything about it follows from its number, so that every start of the stubs serves the same.
struct Company: Sendable {
    struct Office: Sendable, Encodable {
        var city: String
        var country: String
        var staff: Int
    }

    struct Person: Sendable, Encodable {
        var name: String
        var role: String
        var email: String
    }

    let number: Int

    /// Unique: companies are asked for by it.
    var name: String {
        let count = Words.firstParts.count
        return "\(Words.firstParts[number % count]) \(Words.secondParts[number / count % Words.secondParts.count])"
    }

    var id: String { "c-" + String(10_000 + number).dropFirst() }
    var domain: String { name.lowercased().replacing(" ", with: "-") + ".example" }
    var industry: String { Words.industries[number / Words.firstParts.count % Words.industries.count] }
    var place: Words.Place { Words.places[mixed(1) % Words.places.count] }
    var founded: Int { 1950 + mixed(2) % 73 }

    /// Most are small, some are large: 1 to about 9,000.
    var employees: Int {
        let step = mixed(3) % 12
        return 1 + (1 << step) + mixed(4) % (1 << step + 1)
    }

    /// The first is the seat.
    var offices: [Office] {
        let count = 1 + min(3, employees / 200)
        return (0..<count).map { index in
            let place = index == 0 ? place : Words.places[mixed(10 + index) % Words.places.count]
            return Office(city: place.city, country: place.country, staff: max(1, employees / (count + index)))
        }
    }

    /// The people that the outside knows: one in three, 48 at most.
    var people: [Person] {
        (0..<min(48, (employees + 2) / 3)).map { index in
            let given = Words.givenNames[(mixed(100) + index * 7 + index / 24) % Words.givenNames.count]
            let family = Words.familyNames[(mixed(200) + index) % Words.familyNames.count]
            return Person(
                name: "\(given) \(family)", role: Words.roles[min(index, Words.roles.count - 1)],
                email: "\(given).\(family)@\(domain)".lowercased())
        }
    }

    /// A number that looks like chance and is none (SplitMix64).
    private func mixed(_ salt: Int) -> Int {
        var bits = UInt64(number &* 1_000 &+ salt) &* 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) >> 33)
    }
}

/// All companies that the stubs know, by number and by name.
enum Companies {
    static let all: [Company] = (0..<Words.firstParts.count * Words.secondParts.count).map { Company(number: $0) }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    static subscript(name: String) -> Company? { byName[name] }
}
