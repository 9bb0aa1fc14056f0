import Contracts
import Store

/// What to do about data that is not as good as it should be: a sentence for a person, or nil when there is nothing to do.
enum QualityAdvice {
    /// A datapoint that no answer had a value for.
    static func about(_ coverage: DataQuality.Coverage) -> String? {
        let answered = coverage.objects - coverage.unanswered
        guard answered > 0, coverage.withValue == 0 else { return nil }
        if coverage.withNull > 0 {
            return
                "No answer of \(coverage.source) has a value for \(coverage.datapoint): the API says null wherever the path of the "
                + "datapoint leads. Ask it for the field, or take another path."
        }
        return
            "No answer of \(coverage.source) has anything for \(coverage.datapoint): its path never matched, or what it leads to "
            + "could not be converted. Compare the path with an answer: "
            + "weir source test \(coverage.source) --object NAME."
    }

    /// Values that could not be converted.
    static func about(_ conversion: DataQuality.Conversion) -> String {
        guard let datapoint = conversion.datapoint else {
            return
                "The path in object_source of \(conversion.source) leads to something that is no name. Let it lead to a text."
        }
        return
            "Give the datapoint \(datapoint) a 'normalize' that reads this, or another type, or let its path at "
            + "\(conversion.source) lead elsewhere."
    }

    /// Values that contradict each other.
    static func about(_ conflict: DataQuality.Conflict) -> String {
        "The sources disagree on \(conflict.datapoint). Where they mean the same and write it in different ways, 'normalize' of the "
            + "datapoint makes it one; else map it from the source that you trust most only."
    }

    /// Answers that gave nothing.
    static func about(_ emptiness: DataQuality.Emptiness) -> String? {
        switch emptiness.kind {
        case "nothing_mapped":
            "The API answers, and nothing of what is mapped is there. Compare the mapping of \(emptiness.source) with an answer: "
                + "weir source test \(emptiness.source) --object NAME."
        case "empty":
            notOneByte(emptiness.source)
        // The API knows nothing of it, and nothing is wrong.
        default: nil
        }
    }

    private static func notOneByte(_ source: String) -> String {
        "The API answers with success and not one byte. If that means that it has nothing, say so with a response rule of \(source) "
            + "(action: no_data)."
    }

    /// Runs that ended without success.
    static func about(_ failure: DataQuality.Failure) -> String {
        let source = failure.source
        return switch failure.substate {
        case "http_401", "http_403", "token_refused":
            "The API refuses the credentials. Check 'auth' of \(source) and its secrets."
        case "http_404", "http_410":
            "If this status means that the API does not know the object, say so with a response rule of \(source) (action: no_data)."
        case "http_429":
            "The API is asked too often. Give \(source) a 'rate' or a lower 'concurrency', then retry the runs."
        case let substate? where substate.hasPrefix("http_5"):
            "The API had trouble of its own. Retry the runs when it works again; more attempts stand under 'retry' of \(source)."
        case let substate? where substate.hasPrefix("http_"):
            "The API refuses the request itself. Compare the template of \(source) with the API's manual."
        case "secret_missing":
            "Set the secret for the executors (WEIR_SECRET_NAME in their environment, or its file), then retry the runs."
        case "missing_value":
            "Give the value with the request's input, enrich the objects with it first, or give its placeholder in the template of "
                + "\(source) a default."
        case "connect", "name_resolution", "network", "tls", "token_unavailable":
            "The API could not be reached. Check 'base_url' of \(source) and the network, then retry the runs."
        case "address_refused":
            "The address of \(source) is not allowed. If it is meant, operators add it to WEIR_OUTBOUND_ALLOW."
        case "timeout", "deadline", "job_deadline", "job_stalled":
            "It took too long. Give \(source) more time ('timeout', 'run_timeout' or 'job'), or ask it for less at once."
        case "body_too_large", "too_large", "too_many_pages":
            "The answer is over a bound of \(source). Ask for less at once, or raise 'response_bytes_max' or 'pages_max'."
        case "empty": notOneByte(source)
        case "not_json", "truncated", "invalid_json", "page_not_json":
            "The answer is not what the mapping can read. Look at it: weir source test \(source) --object NAME."
        case "template", "invalid_url", "invalid_header", "invalid_method", "mapping":
            "The declaration of \(source) cannot be used as it is. Mend it and apply the catalogue again, then retry the runs."
        case "cancelled": "Somebody gave these runs up; a retry takes them up again."
        default: "The substate is explained in docs/errors.md; a retry takes the runs up again."
        }
    }
}
