/// What a factor's datapoint tells about an object; it decides how the factor is put into words and how texts are compared.
public enum FactorType: String, Sendable, Hashable, CaseIterable {
    /// How many or how much: employees, revenue.
    case volume
    /// Whether something is so: public, certified.
    case boolean
    /// One of several choices: industry.
    case option
    /// When: the date of the foundation. Texts are compared as times of ISO 8601.
    case time
    /// Where: city, country.
    case place
    /// How often.
    case frequency
    /// Why.
    case reason
    /// Another thing: the technology used.
    case entity
    /// How similar.
    case similarity
}

/// What a factor is for.
public enum FactorUse: String, Sendable, Hashable, CaseIterable {
    /// It must hold: its sentence is a statement.
    case guardrail
    /// It is of interest: its sentence is a question.
    case useCase = "usecase"
}
