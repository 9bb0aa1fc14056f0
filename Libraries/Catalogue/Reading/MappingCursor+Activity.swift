import Contracts
import Templates

/// What an activity of each type needs, and what would mean nothing.
extension MappingCursor {
    func checkKeys(of type: ActivityType) {
        if type == .enrichment {
            self["max_objects"]?.report(
                .conflict, "an enrichment finds no objects", remedy: "remove it, or set type to extract or sourcing")
        }
        if type == .sourcing {
            _ = required("factors", "what an object has to meet, such as [large]")
        } else {
            self["factors"]?.report(
                .conflict, "only a sourcing holds objects against factors", remedy: "remove it, or set type to sourcing"
            )
        }
    }

    /// Whether every source can find objects where that is asked of it, and gets a value for every variable of its template.
    func checkSources(
        _ sources: [String], of type: ActivityType, objectType: String, input: ActivityInput,
        scope: OrganizationScope
    ) {
        for (index, source) in sources.enumerated() {
            guard let place = self["sources"]?.list()?[index] else { continue }
            if type == .extract, scope.typesFound[source]?.contains(objectType) == false {
                place.report(
                    .missingReference, "the source \(source) does not say where an answer names each \(objectType)",
                    remedy: "add object_source with \(objectType) to the source, or leave it out here")
            }
            for variable in scope.variables[source] ?? [] where input[variable] == nil {
                if type == .extract, variable == "object" || variable == "objects" {
                    place.report(
                        .conflict, "the source \(source) asks about <<$\(variable)>>, and an extract names no object",
                        remedy: "use a source that searches, or set type to enrichment")
                }
                guard !CatalogueVariable.reserved.contains(variable),
                    type == .extract || scope.datapoints[objectType]?.contains(variable) != true,
                    // Nothing fills it in anywhere: the template's own check says so.
                    scope.inputs[source]?.contains(variable) == true
                        || scope.datapoints.values.contains(where: { $0.contains(variable) })
                else { continue }
                place.report(
                    .unknownVariable, "the source \(source) needs <<$\(variable)>>, which nothing fills in here",
                    remedy: "add input with \(variable), or give the placeholder a default")
            }
        }
    }
}
