import JSON
import Mapping

extension ResponseRule {
    init(_ stored: StoredObject) throws(SourceSetupError) {
        let when = try stored.object("when")
        self.init(
            statuses: try when?["status"].map { value throws(SourceSetupError) in
                try Statuses(value, at: stored.path.key("when").key("status"))
            },
            header: try when?.object("header").map { object throws(SourceSetupError) in
                try HeaderCondition(
                    name: object.required("name", object.text("name", bytesMax: SourceBounds.nameBytes)),
                    test: Test(object))
            },
            body: try when?.object("body").map { object throws(SourceSetupError) in
                try BodyCondition(path: object.required("path", object.path("path")), test: Test(object))
            },
            action: try stored.required("action", stored.choice("action", of: Action.self)),
            afterMilliseconds: try stored.milliseconds("after_seconds", in: SourceBounds.afterMilliseconds),
            reason: try stored.text("reason", bytesMax: SourceBounds.reasonBytes))
    }

    var json: JSONValue {
        var when = JSONObject()
        when["status"] = statuses?.json
        if let header {
            var condition = header.test.json
            condition["name"] = .string(header.name)
            when["header"] = .object(condition)
        }
        if let body {
            var condition = body.test.json
            condition["path"] = body.path.json
            when["body"] = .object(condition)
        }
        var json: JSONObject = ["action": .string(action.rawValue)]
        if !when.isEmpty { json["when"] = .object(when) }
        json["after_seconds"] = afterMilliseconds.map { .seconds($0) }
        json["reason"] = reason.map { .string($0) }
        return .object(json)
    }
}
