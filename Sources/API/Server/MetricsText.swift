/// Prometheus' text, line by line.
package struct MetricsText {
    package private(set) var text = ""

    package init() {}

    package mutating func header(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    package mutating func sample(_ name: String, _ value: Int) { text += "\(name) \(value)\n" }

    package mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        header(name, "gauge", help)
        sample(name, value)
    }

    package mutating func counter(_ name: String, _ help: String, _ value: Int) {
        header(name, "counter", help)
        sample(name, value)
    }
}
