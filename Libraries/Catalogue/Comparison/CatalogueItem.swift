import JSON

/// One row of the catalogue as a value: what a file wants, or what the database has.
///
/// Two items of the same ``identity`` are the same if their ``fields`` are equal; the order of JSON members says nothing.
public struct CatalogueItem: Sendable, Hashable {
    /// What an item is. The order is that in which items are written: each refers only to kinds before it.
    public enum Kind: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Key: rate group; it belongs to no organization. Fields: `concurrency` and `rate` {`calls`, `per_seconds`}, null where there
        /// is none.
        case rateGroup = "rate_group"
        /// Key: organization. Fields: `name`.
        case organization
        /// Key: organization, object type. Fields: `name`.
        case objectType = "object_type"
        /// Key: organization, object type, datapoint. Fields: `name`, `data_type`, `normalization` (null without one).
        case datapoint
        /// Key: organization, source. Fields: `name`, `source_type`, `base_url` (null without one), the template of each
        /// `SourceStep` under its key (null without one), `max_objects`, `setup`: the JSON form of `SourceSetup`.
        case source
        /// Key: organization, source, object type. Fields: `key_mapping` (one path), `key_mapping_type`.
        case objectSource = "object_source"
        /// Key: organization, source, object type, datapoint. Fields: `key_mapping` (a list of paths).
        case datapointSource = "datapoint_source"
        /// Key: organization, endpoint. Fields: `url`, `secret_name`, `event_types`, `headers`, `rate` {`calls`, `per_seconds`}, `ordered`; null
        /// where there is none.
        case webhookEndpoint = "webhook_endpoint"
        /// Key: organization, factor. Fields: `name`, `object_type`, `datapoint`, `type`, `factor_type`, `operator`, `value`.
        case factor
        /// Key: organization, activity. Fields: `name`, `type`, `object_type`, `setup`, `timeout_seconds`, `input`, `max_objects`,
        /// `factors` (null without any).
        case activity
        /// Key: organization, activity, source. No fields.
        case activitySource = "activity_source"
        /// Key: organization, activity, endpoint. No fields.
        case activityEndpoint = "activity_endpoint"
        /// Key: organization, workflow. Fields: `name`, `data`: the JSON form of `WorkflowGraph`, with keys of activities.
        case workflow
        /// Key: organization, workflow, endpoint. No fields.
        case workflowEndpoint = "workflow_endpoint"

        /// The order of writing.
        public static func < (left: Kind, right: Kind) -> Bool { left.order < right.order }

        private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What makes an item the same item, whatever its fields say.
    public struct Identity: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// What the item is.
        public let kind: Kind
        /// The keys of its parents and its own, beginning with the organization's if it belongs to one; see
        /// ``CatalogueItem/Kind``.
        public let key: [String]
        /// The key of the organization, or nil for what belongs to none.
        public var organization: String? { kind == .rateGroup ? nil : key.first }

        /// Creates an identity.
        public init(kind: Kind, key: [String]) {
            self.kind = kind
            self.key = key
        }

        /// By kind in the order of writing, then by key.
        public static func < (left: Identity, right: Identity) -> Bool {
            left.kind != right.kind ? left.kind < right.kind : left.key.lexicographicallyPrecedes(right.key)
        }

        /// `datapoint demo/country/name`.
        public var description: String { "\(kind.rawValue) \(key.joined(separator: "/"))" }
    }

    /// Which item it is.
    public let identity: Identity
    /// What it says; the kinds list the members.
    public let fields: JSONObject

    /// Creates an item.
    public init(kind: Kind, key: [String], fields: JSONObject) {
        identity = Identity(kind: kind, key: key)
        self.fields = fields
    }

    /// The fields as compact JSON with sorted keys: equal items have equal text.
    public var canonicalJSON: String { JSONValue.object(fields).sortedByKey.description }
}

extension JSONValue {
    /// The same value with the members of every object in the order of their keys.
    fileprivate var sortedByKey: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.sortedByKey))
        case .object(let object):
            .object(JSONObject(object.map { ($0.key, $0.value.sortedByKey) }.sorted { $0.0 < $1.0 }))
        default: self
        }
    }
}
