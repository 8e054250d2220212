import PintleObjects
import PintleStore

/// The objects that a list request gets, with what its metadata says.
struct ObjectList: Sendable {
    var objects: ArraySlice<CachedObject>
    let revision: Int64
    var continuation: String?
    var remaining: Int?

    /// Reads the cache; nothing is decoded unless a selector needs it.
    ///
    /// - Throws: 410 for a revision or a continuation that is no longer known, 504 for a revision in the future.
    init(_ selection: Selection, _ options: ListOptions, cache: WatchCache) throws(StatusError) {
        let source = try Self.source(selection, options, cache: cache)
        revision = source.revision
        objects = source.objects
        if let text = options.continuation {
            let token = try ContinueToken(text)
            let last = selection.kind.key(namespace: token.namespace, name: token.name)
            let start = objects.firstIndex { $0.key > last } ?? objects.endIndex
            objects = objects[start...]
        }
        if let name = selection.name, let namespace = selection.namespace ?? (selection.kind.namespaced ? nil : "") {
            // One object at most: no need to look at the others.
            let key = selection.kind.key(namespace: namespace, name: name)
            let index = objects.binarySearch(key)
            objects = index.map { objects[$0...$0] } ?? []
        }
        if !selection.isEverything { objects = ArraySlice(objects.filter(selection.matches)) }
        cut(to: options.limit, counting: selection.hasNoSelector)
    }

    private mutating func cut(to limit: Int, counting: Bool) {
        guard limit > 0, objects.count > limit else { return }
        if counting { remaining = objects.count - limit }
        objects = objects.prefix(limit)
        if let last = objects.last {
            continuation = ContinueToken(revision: revision, namespace: last.key.namespace, name: last.key.name).text
        }
    }

    private static func source(
        _ selection: Selection, _ options: ListOptions, cache: WatchCache
    ) throws(StatusError) -> CacheList {
        let resource = selection.kind.storageName
        let exact: Int64?
        if let text = options.continuation {
            exact = try ContinueToken(text).revision
        } else if let version = options.resourceVersion, options.versionMatch == .exact || options.needsExact {
            exact = version
        } else {
            exact = nil
        }
        do throws(StoreError) {
            if let exact { return try cache.list(resource, namespace: selection.namespace, at: exact) }
        } catch {
            throw error.code == .expired ? expired(options) : StatusError(tooNew: exact ?? 0, current: cache.revision)
        }
        let list = cache.list(resource, namespace: selection.namespace)
        if let version = options.resourceVersion, version > list.revision {
            throw StatusError(tooNew: version, current: list.revision)
        }
        return list
    }

    private static func expired(_ options: ListOptions) -> StatusError {
        options.continuation == nil
            ? .expired("The resourceVersion for the provided list is too old.")
            : .expired(
                "The provided continue parameter is too old to display a consistent list result. You must start a new "
                    + "list without the continue parameter.")
    }

    /// `metadata` of the list.
    var metadata: JSON {
        var metadata: JSON = ["resourceVersion": .string("\(revision)")]
        if let continuation { metadata["continue"] = .string(continuation) }
        if let remaining { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        return metadata
    }
}

extension ListOptions {
    /// A limited list of a revision other than 0 is of exactly that revision, unless told otherwise.
    fileprivate var needsExact: Bool { limit > 0 && versionMatch == nil && resourceVersion != 0 }
}

extension StatusError {
    /// 504 for a revision that has not happened yet.
    init(tooNew version: Int64, current: Int64) {
        self = .timeout("Too large resource version: \(version), current: \(current)", retryAfterSeconds: 1)
        details["causes"] = [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]]
    }
}

extension ArraySlice<CachedObject> {
    /// The index of the object at `key` in a slice that is sorted by key.
    fileprivate func binarySearch(_ key: ObjectKey) -> Int? {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low < endIndex && self[low].key == key ? low : nil
    }
}
