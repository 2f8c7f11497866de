import JSON
import Telephony

/// One page of a list (docs/contract/rest.md#lists): the figures, where the next page is, and the items under a name of
/// their own.
struct PageResource<Item: Sendable> {
    let items: [Item]
    /// Nil where nobody has counted.
    let total: Int?
    /// The position of the first item in the whole list.
    let start: Int
    /// What the next page is asked for by; nil on the last.
    let cursor: String?
    /// The list's path below `/apiserver`.
    let path: String
    /// The list's own parameters, repeated for the next page so that a client need only follow the link.
    let filters: [(name: String, value: String)]

    init(_ page: Page<Item>, path: String, filters: [(name: String, value: String?)] = []) {
        items = page.items
        total = page.total
        start = page.start
        cursor = page.next?.text
        self.path = path
        self.filters = filters.compactMap { filter in filter.value.map { (filter.name, $0) } }
    }

    /// A list whose cursor says itself which list it is.
    init(items: [Item], total: Int?, start: Int, cursor: String?, path: String) {
        self.items = items
        self.total = total
        self.start = start
        self.cursor = cursor
        self.path = path
        filters = []
    }

    /// Relative to `/apiserver`: the SDKs append it to the host that they were given.
    var nextPageURI: String? {
        guard let cursor else { return nil }
        let parameters = filters + [("cursor", cursor)]
        return path + "?" + parameters.map { "\($0.name)=\(Query.encode($0.value))" }.joined(separator: "&")
    }

    /// - Parameter name: what the list of items is called; it begins with a letter before `e`, so the order is
    ///   alphabetical.
    func write(
        to writer: inout JSONWriter, name: StaticString, _ writeItem: (inout JSONWriter, Item) -> Void
    ) {
        writer.object { object in
            object.member(name, array: items, writeItem)
            object.member("end", max(start, start + items.count - 1))
            object.member("nextPageUri", nextPageURI)
            object.member("numPages", total.map { ($0 + PageLimits.pageSize - 1) / PageLimits.pageSize })
            object.member("page", start / PageLimits.pageSize)
            object.member("pageSize", PageLimits.pageSize)
            object.member("start", start)
            object.member("total", total)
        }
    }
}
