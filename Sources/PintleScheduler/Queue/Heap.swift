import PintleClient

/// Pods in the order in which they are to be tried: the highest priority first, then the oldest.
struct Heap: Sendable {
    struct Item: Sendable {
        let priority: Int64
        let order: Int
        let name: ObjectName

        func precedes(_ other: Item) -> Bool {
            priority == other.priority ? order < other.order : priority > other.priority
        }
    }

    private var items: [Item] = []

    mutating func insert(_ item: Item) {
        items.append(item)
        var index = items.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard items[index].precedes(items[parent]) else { return }
            items.swapAt(index, parent)
            index = parent
        }
    }

    mutating func popFirst() -> Item? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        if items.isEmpty { return first }
        items[0] = last
        var index = 0
        while true {
            var best = index
            for child in [2 * index + 1, 2 * index + 2] where child < items.count && items[child].precedes(items[best])
            {
                best = child
            }
            if best == index { return first }
            items.swapAt(index, best)
            index = best
        }
    }
}
