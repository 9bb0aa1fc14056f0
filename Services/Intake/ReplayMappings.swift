import Contracts
import JSON
import Mapping
import Store

/// Reads the mappings that a replay is given: by source, in the words of a catalogue.
///
/// `{"registry": {"object_source": {"company": {"key_mapping": […], "key_mapping_type": "key"}},
///   "datapoint_source": {"company": {"employees": {"paths": [[…]], "type": "number", "normalize": "separators"}}}}}`
struct ReplayMappings {
    /// What the request and its organization know.
    let names: MappingNames

    /// The mappings of those sources that the request asks; those of others are passed over.
    func read(_ value: JSONValue) throws -> [SourceID: RequestMapping] {
        let sources = try Self.object(value, at: "$.mapping")
        var mappings: [SourceID: RequestMapping] = [:]
        for source in sources {
            guard let id = names.sources[source.key] else { continue }
            mappings[id] = try mapping(source.value, at: "$.mapping.\(source.key)")
        }
        guard !mappings.isEmpty else {
            throw ActionBody.problem(
                "$.mapping",
                "it names none of the sources that the request asks: \(names.sources.keys.sorted().joined(separator: ", "))"
            )
        }
        return mappings
    }

    private func mapping(_ value: JSONValue, at path: String) throws -> RequestMapping {
        let sections = try Self.object(value, at: path, known: ["object_source", "datapoint_source"])
        let objects = try Self.object(sections["object_source"] ?? [:], at: "\(path).object_source")
        let datapoints = try Self.object(sections["datapoint_source"] ?? [:], at: "\(path).datapoint_source")
        let keys = Set(objects.keys).union(datapoints.keys).sorted()
        return RequestMapping(
            types: try keys.map { key in
                guard let type = names.objectTypes[key] else {
                    throw Self.unknown("object type", key, at: path, among: names.objectTypes.keys.sorted())
                }
                let object = try objects[key].map {
                    try Self.object(
                        $0, at: "\(path).object_source.\(key)", known: ["key_mapping", "key_mapping_type"])
                }
                let objectPath = try object.map { object in
                    try Self.path(object["key_mapping"], at: "\(path).object_source.\(key).key_mapping")
                }
                let kind = object?["key_mapping_type"]?.stringValue ?? "key"
                guard ObjectNameKind(rawValue: kind) != nil else {
                    throw ActionBody.problem("\(path).object_source.\(key).key_mapping_type", "key or value")
                }
                let place = "\(path).datapoint_source.\(key)"
                return .init(
                    objectType: type.id, objectPath: objectPath, objectPathType: kind,
                    datapoints: try Self.object(datapoints[key] ?? [:], at: place).map { member in
                        guard let id = type.datapoints[member.key] else {
                            throw Self.unknown(
                                "datapoint", member.key, at: place, among: type.datapoints.keys.sorted())
                        }
                        return try Self.datapoint(id, member.key, member.value, at: "\(place).\(member.key)")
                    })
            })
    }

    private static func datapoint(
        _ id: DatapointID, _ key: String, _ value: JSONValue, at path: String
    ) throws -> RequestMapping.Datapoint {
        let fields = try object(value, at: path, known: ["paths", "type", "normalize"])
        guard let paths = fields["paths"]?.arrayValue, !paths.isEmpty else {
            throw ActionBody.problem("\(path).paths", "a list of paths is needed")
        }
        let text = fields["type"]?.stringValue ?? ""
        guard let type = DatapointType(rawValue: text) else {
            throw ActionBody.problem(
                "\(path).type", "one of \(DatapointType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let normalization = fields["normalize"].flatMap { $0.isNull ? nil : $0 }
        if let normalization {
            do {
                _ = try Normalization(parsing: normalization, of: type)
            } catch {
                throw ActionBody.problem("\(path).normalize", error.reason)
            }
        }
        return .init(
            id: id, key: key, type: text, normalization: normalization,
            paths: .array(try paths.enumerated().map { try Self.path($1, at: "\(path).paths[\($0)]") }))
    }

    private static func path(_ value: JSONValue?, at path: String) throws -> JSONValue {
        guard let value else { throw ActionBody.problem(path, "a path is needed") }
        do {
            return try PathPattern(parsing: value).json
        } catch {
            throw ActionBody.problem(path, error.description)
        }
    }

    private static func object(_ value: JSONValue, at path: String, known: [String]? = nil) throws -> JSONObject {
        guard let object = value.objectValue else { throw ActionBody.problem(path, "an object is needed") }
        if let known, let unknown = object.keys.first(where: { !known.contains($0) }) {
            throw ActionBody.problem(
                "\(path).\(unknown.prefix(100))", "there is no such field; known are \(known.joined(separator: ", "))")
        }
        return object
    }

    private static func unknown(_ what: String, _ key: String, at path: String, among known: [String]) -> Problem {
        ActionBody.problem(
            "\(path).\(key.prefix(100))",
            "the organization has no \(what) of this name; apply the catalogue that declares it first. Known are \(known.prefix(50).joined(separator: ", "))"
        )
    }
}
