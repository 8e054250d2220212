/// The objects of one resource, in the order of their keys.
struct SortedObjects {
    private(set) var all: ContiguousArray<CachedObject>

    /// - Parameter objects: In any order, no key twice.
    init(_ objects: ContiguousArray<CachedObject> = []) {
        all = objects
        all.sort { $0.key < $1.key }
    }

    func find(namespace: String, name: String) -> CachedObject? {
        let index = lowerBound(namespace, name)
        guard index < all.count, all[index].key.name == name, all[index].key.namespace == namespace else { return nil }
        return all[index]
    }

    /// Puts `object` in its place and returns what was there.
    @discardableResult
    mutating func insert(_ object: CachedObject) -> CachedObject? {
        let index = lowerBound(object.key.namespace, object.key.name)
        if index < all.count, all[index].key == object.key {
            let old = all[index]
            all[index] = object
            return old
        }
        all.insert(object, at: index)
        return nil
    }

    @discardableResult
    mutating func remove(_ key: ObjectKey) -> CachedObject? {
        let index = lowerBound(key.namespace, key.name)
        guard index < all.count, all[index].key == key else { return nil }
        return all.remove(at: index)
    }

    /// The objects of a namespace, or all of them when it is `nil`.
    func slice(namespace: String?) -> ArraySlice<CachedObject> {
        guard let namespace else { return all[...] }
        let start = lowerBound(namespace, "")
        var (low, high) = (start, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].key.namespace == namespace { low = middle + 1 } else { high = middle }
        }
        return all[start..<low]
    }

    private func lowerBound(_ namespace: String, _ name: String) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            let key = all[middle].key
            if ObjectKey.precedes(key.namespace, key.name, namespace, name) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
