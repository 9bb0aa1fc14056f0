extension JSONTape {
    /// The error for the first string with half of a surrogate pair; the root is known to contain one.
    var loneSurrogateError: JSONError {
        let index = (0..<count).first { kind($0) == .string && containsLoneSurrogate($0) } ?? 0
        let detail = "the string contains half of a surrogate pair, which is no character"
        return JSONError(code: .loneSurrogate, offset: offset(index), path: path(to: index).text, detail: detail)
    }

    /// The place of a node in the document: of a key, that of the object it stands in. Takes time in proportion to what stands in
    /// front of the node; it is for errors and explanations.
    public func path(to target: Int) -> JSONPathText {
        var path = JSONPathText()
        var container = 0
        while container != target {
            var child = container + 1
            var position = 0
            let isObject = kind(container) == .object
            while true {
                let value = isObject ? child + 1 : child
                if isObject && child == target { return path }
                if target < next(value) {
                    if isObject { path.append(key: string(child)) } else { path.append(index: position) }
                    container = value
                    break
                }
                child = next(value)
                position += 1
            }
        }
        return path
    }
}
