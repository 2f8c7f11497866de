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

    @Test("Hexadecimal digits are taken in either case; an escape that is cut or is none leaves the text as it is")
    func escapes() {
        let query = Query("a=%c3%a9&b=%C3%A9&c=%4a%4F&d=%4&e=%&f=x%g0&h=%0&i=%ff&j=%AF%af%f0")
        #expect(query["a"] == "é" && query["b"] == "é" && query["c"] == "JO")
        #expect(query["d"] == "%4" && query["e"] == "%" && query["f"] == "x%g0" && query["h"] == "%0")
        // Not UTF-8.
        #expect(query["i"] == "%ff" && query["j"] == "%AF%af%f0")
    }

    @Test("A parameter that is repeated, with brackets or without, is read in order, and named once")
    func repeated() {
        let query = Query("a=1&b[1]=x&a=2&b=y&b[0]=z&bc=w&b[=v&b]=u")
        #expect(query.all("a") == ["1", "2"])
        #expect(query.all("b") == ["x", "y", "z"])
        #expect(query.names == ["a", "b", "bc", "b[", "b]"])
    }
}
