import JSON
import Telephony

/// One page of a list (spec §1.5, decision 27): the figures, where the next page is, and the items under a name of
/// their own.
struct PageResource<Item: Sendable> {
    let page: Page<Item>
    /// The list's path below `/apiserver`.
    let path: String
    /// The list's own parameters, repeated for the next page so that a client need only follow the link.
    let filters: [(name: String, value: String)]

    init(_ page: Page<Item>, path: String, filters: [(name: String, value: String?)] = []) {
        self.page = page
        self.path = path
        self.filters = filters.compactMap { filter in filter.value.map { (filter.name, $0) } }
    }

    /// Relative to `/apiserver`: the SDKs append it to the host that they were given.
    var nextPageURI: String? {
        guard let cursor = page.next else { return nil }
        let parameters = filters + [("cursor", cursor.text)]
        return path + "?" + parameters.map { "\($0.name)=\(Query.encode($0.value))" }.joined(separator: "&")
    }

    /// - Parameter name: what the list of items is called; it begins with a letter before `e`, so the order is
    ///   alphabetical.
    func write(
        to writer: inout JSONWriter, name: StaticString, _ writeItem: (inout JSONWriter, Item) -> Void
    ) {
        writer.object { object in
            object.member(name, array: page.items, writeItem)
            object.member("end", max(page.start, page.start + page.items.count - 1))
            object.member("nextPageUri", nextPageURI)
            object.member("numPages", (page.total + PageLimits.pageSize - 1) / PageLimits.pageSize)
            object.member("page", page.start / PageLimits.pageSize)
            object.member("pageSize", PageLimits.pageSize)
            object.member("start", page.start)
            object.member("total", page.total)
        }
    }
}
