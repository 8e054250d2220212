import CPintleSpecs
import PintleObjects
import Testing

@Suite("The files of specs/api")
struct SpecFileTests {
    private var files: [(name: String, text: [UInt8])] {
        var files: [(String, [UInt8])] = []
        while let spec = pintle_spec_at(files.count) {
            let bytes = UnsafeBufferPointer(start: spec.pointee.bytes, count: spec.pointee.length)
            files.append((String(cString: spec.pointee.name), Array(bytes)))
        }
        return files
    }

    @Test("each file is JSON as a whole, and its kinds are those that are found piece by piece")
    func wholeAndPieces() throws {
        #expect(files.count >= 3)
        for (name, text) in files {
            let (whole, duplicates) = try JSON.parse(text)
            #expect(duplicates.isEmpty, "\(name)")
            let types = try #require(whole["types"].object)
            let kinds = types.members.filter { $0.value["kind"].string != nil }.map(\.key).sorted()
            let group = whole["group"].string ?? ""
            #expect(Schema.kinds(group: group, version: whole["version"].string ?? "") == kinds, "\(name)")
            for kind in kinds {
                let schema = Schema.builtIn(group: group, version: whole["version"].string ?? "", kind: kind)
                #expect(schema?.type.fields.map(\.name) == types[kind]?["fields"].object?.keys, "\(name) \(kind)")
            }
        }
    }

    @Test("a member that the reader does not know is a mistake in the file")
    func knownMembers() throws {
        let typeMembers: Set = ["kind", "description", "fields", "scalar", "mapType", "unions", "inline"]
        let fieldMembers: Set = [
            "type", "required", "tag", "default", "zero", "enum", "listType", "listKeys", "mapType", "patch",
            "mergeKey",
            "description",
        ]
        for (name, text) in files {
            for (type, spec) in try #require(try JSON(parsing: text)["types"].object).members {
                let members = Set(spec.object?.keys ?? [])
                #expect(members.isSubset(of: typeMembers), "\(name) \(type)")
                for (field, spec) in spec["fields"].object?.members ?? [] {
                    let members = Set(spec.object?.keys ?? [])
                    #expect(members.isSubset(of: fieldMembers), "\(name) \(type).\(field)")
                    #expect(spec["listType"].string != "map" || spec["listKeys"].array?.isEmpty == false)
                }
            }
        }
    }
}
