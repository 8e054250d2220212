import PintleKinds
import PintleObjects
import Testing

@Suite("Kinds and their schemas")
struct SchemaTests {
    private func decoded(_ object: JSON) throws -> JSON {
        let resource = try strategy(of: object).resource
        let schema = try #require(
            Schema.builtIn(group: resource.group, version: resource.version, kind: resource.kind))
        var object = try schema.decode(object).object
        schema.applyDefaults(&object)
        return object
    }

    @Test("every kind has a schema")
    func hasSchema() {
        for strategy in Kinds.all {
            let resource = strategy.resource
            #expect(
                Schema.builtIn(group: resource.group, version: resource.version, kind: resource.kind) != nil,
                "\(resource.kind)")
        }
    }

    @Test("a decoded object gets the same defaults", arguments: DefaultCase.all)
    func fillsDefaults(_ item: DefaultCase) throws {
        let object = try prepared(decoded(json(item.sent)))
        #expect(object == (try json(item.stored)), "\(object.prettyPrinted())")
    }

    @Test("what is stored can be sent back and nothing has changed", arguments: DefaultCase.all)
    func comesBack(_ item: DefaultCase) throws {
        let stored = try prepared(json(item.sent))
        let result = try updated(decoded(stored), old: stored)
        #expect(result.errors == [])
        #expect(result.object == stored)
    }

    @Test("a decoded wrong object is refused with the same causes", arguments: InvalidCase.all)
    func namesCauses(_ item: InvalidCase) throws {
        let object = try decoded(json(item.sent))
        let found = try strategy(of: object).validate(prepared(object))
        #expect(found.map(\.message) == item.causes.map(\.message))
    }
}
