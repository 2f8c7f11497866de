import Testing

@testable import API

@Suite("A request's query")
struct QueryTests {
    @Test("A query is decoded as a form's, and encodes back")
    func query() {
        let query = Query("a=1&b=x%20y+z&c&d=%2B1&a=2&=v&e=%zz&f=%C3%A9&g==")
        #expect(query["a"] == "2")
        #expect(query["b"] == "x y z")
        #expect(query["c"] == "")
        #expect(query["d"] == "+1")
        #expect(query["e"] == "%zz")
        #expect(query["f"] == "é")
        #expect(query["g"] == "=")
        #expect(query["h"] == nil)
        let text = "a+b & c=é/?%\u{1}"
        #expect(Query("x=" + Query.encode(text))["x"] == text)
    }
}
