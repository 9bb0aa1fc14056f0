/// How an object's name is made of what its path matches (`key_mapping_type`).
public enum ObjectNameKind: String, Sendable, Hashable, CaseIterable {
    /// The text of the scalar at the path. Where the path ends in `*`: of an object's members the matched keys; of an array's
    /// elements that are not scalars themselves, the indexes.
    case key
    /// The value, normalized: the host of a URL without `www.`, the domain of an e-mail address, else the trimmed text.
    case value
}
