extension VariableValues {
    /// Appends pieces of a URL, values percent-encoded; placeholders without a value stay readable as they are.
    func appendEncoded(
        _ pieces: [TemplatePiece], at path: String, to output: inout [UInt8]
    ) throws(TemplateError) {
        for piece in pieces {
            switch piece {
            case .literal(let bytes): output += bytes
            case .variable(let variable):
                guard let text = text(variable) else {
                    output += placeholder(variable).utf8
                    continue
                }
                try appendEncoded(text, of: variable, at: path, to: &output)
            }
        }
    }

    func appendEncoded(
        _ text: String, of variable: Int, at path: String, to output: inout [UInt8]
    ) throws(TemplateError) {
        guard !text.utf8.contains(0) else {
            let reason = "the value of <<$\(name(variable))>> contains U+0000, which no URL may carry"
            throw TemplateError(.valueNotAllowed, at: path, reason)
        }
        if isMask(text) {
            output += text.utf8
        } else {
            PercentEncoding.append(value: text, to: &output)
        }
    }
}
