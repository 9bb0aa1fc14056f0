public import Contracts
public import JSON
import Postgres

/// What the answers of a source are mapped to for one request, in place of the mapping in the catalogue. Checked by whoever makes it.
public struct RequestMapping: Sendable, Hashable {
    /// The mapping to objects of one type.
    public struct TypeMapping: Sendable, Hashable {
        /// The type.
        public let objectType: ObjectTypeID
        /// The path of object names; nil when an answer is about the run's own object.
        public let objectPath: JSONValue?
        /// `key` or `value`.
        public let objectPathType: String
        /// The values to take from an answer.
        public let datapoints: [Datapoint]

        /// A mapping to objects of one type.
        public init(
            objectType: ObjectTypeID, objectPath: JSONValue?, objectPathType: String, datapoints: [Datapoint]
        ) {
            self.objectType = objectType
            self.objectPath = objectPath
            self.objectPathType = objectPathType
            self.datapoints = datapoints
        }
    }

    /// A datapoint with the places where it may be found.
    public struct Datapoint: Sendable, Hashable {
        /// The datapoint.
        public let id: DatapointID
        /// Its key.
        public let key: String
        /// `text`, `number`, `boolean`, `date`, `datetime` or `json`.
        public let type: String
        /// How its values are brought into one form; nil: not at all.
        public let normalization: JSONValue?
        /// Paths in fall-back order: a list of paths.
        public let paths: JSONValue

        /// A datapoint.
        public init(id: DatapointID, key: String, type: String, normalization: JSONValue?, paths: JSONValue) {
            self.id = id
            self.key = key
            self.type = type
            self.normalization = normalization
            self.paths = paths
        }
    }

    /// By object type.
    public let types: [TypeMapping]

    /// A mapping to objects of some types.
    public init(types: [TypeMapping]) {
        self.types = types
    }
}

extension RequestMapping {
    /// As the database keeps it.
    var json: JSONValue {
        .array(
            types.map { type in
                [
                    "object_type": .string("\(type.objectType)"), "object_path": type.objectPath ?? .null,
                    "object_path_type": .string(type.objectPathType),
                    "datapoints": .array(
                        type.datapoints.map { datapoint in
                            [
                                "id": .string("\(datapoint.id)"), "key": .string(datapoint.key),
                                "type": .string(datapoint.type), "normalization": datapoint.normalization ?? .null,
                                "paths": datapoint.paths,
                            ]
                        }),
                ]
            })
    }

    init(parsing stored: JSONB) throws {
        func value(_ json: JSONValue, _ key: String) -> JSONValue? { json[key].flatMap { $0.isNull ? nil : $0 } }
        types = try (JSONValue(parsing: stored.bytes).arrayValue ?? []).map { type in
            guard let id = type["object_type"]?.stringValue.flatMap({ ObjectTypeID($0) }) else {
                throw StoreError("the mapping that a request was given has a type without an id")
            }
            return TypeMapping(
                objectType: id, objectPath: value(type, "object_path"),
                objectPathType: type["object_path_type"]?.stringValue ?? "key",
                datapoints: try (type["datapoints"]?.arrayValue ?? []).map { datapoint in
                    guard let id = datapoint["id"]?.stringValue.flatMap({ DatapointID($0) }) else {
                        throw StoreError("the mapping that a request was given has a datapoint without an id")
                    }
                    return Datapoint(
                        id: id, key: datapoint["key"]?.stringValue ?? "",
                        type: datapoint["type"]?.stringValue ?? "text",
                        normalization: value(datapoint, "normalization"), paths: datapoint["paths"] ?? [])
                })
        }
    }
}

extension SourceRecord {
    /// The source with another mapping.
    ///
    /// - Parameter objectType: as of ``SourceStore/definition(of:objectType:replacement:)``.
    public func mapped(as mapping: RequestMapping, objectType: ObjectTypeID?) -> SourceRecord {
        let types = mapping.types.filter { objectType == nil || $0.objectType == objectType }
        // As of the catalogue's: all datapoints, and the path of whichever type has one.
        let named = types.first { $0.objectPath != nil }
        var record = self
        record.objectPath = named?.objectPath.map { JSONB($0.encoded()) }
        record.objectPathType = named?.objectPathType ?? "key"
        record.datapoints = types.flatMap(\.datapoints).sorted { $0.key < $1.key }.map { datapoint in
            Datapoint(
                id: datapoint.id, key: datapoint.key, type: datapoint.type,
                normalization: datapoint.normalization.map { JSONB($0.encoded()) },
                paths: JSONB(datapoint.paths.encoded()))
        }
        return record
    }
}
