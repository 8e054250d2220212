internal import ArgumentParser
internal import PintleLedger
internal import PintleObjects

/// `pintle ledger`.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Shows what the node remembers about driver calls and drivers' own entries: owner and age.")

    @OptionGroup var node: NodeOptions

    func run() throws {
        let contents = try Ledger.read(directory: NodeDirectory.absolute(node.dataDir))
        let now = Timestamp.now.nanoseconds
        func age(_ time: Int64) -> String { "\(max(0, now - time) / 1_000_000_000)s" }
        var rows: [[String]] = [["DRIVER", "WHAT", "STATE", "OBJECT", "OWNER", "AGE"]]
        for row in contents.intents {
            rows.append([
                row.intent.driver, row.operation, "\(row.state)", String(row.intent.object.prefix(40)), row.owner,
                age(row.time),
            ])
        }
        for entry in contents.entries {
            rows.append([entry.driver, entry.kind, "entry", entry.key, String(entry.owner.prefix(40)), age(entry.time)])
        }
        for row in rows { print(Table.line(row, rows)) }
    }
}

/// Columns as wide as their widest cell.
enum Table {
    static func line(_ row: [String], _ rows: [[String]]) -> String {
        var line = ""
        for (index, cell) in row.enumerated() {
            let width = rows.map { $0[index].count }.max() ?? 0
            line += index == row.count - 1 ? cell : cell + String(repeating: " ", count: width - cell.count + 3)
        }
        return line
    }
}
