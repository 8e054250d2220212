import Testing

@testable import PintleNode

@Suite("$(NAME) expansion")
struct ExpansionTests {
    @Test(
        "references are replaced, escaped and unknown ones stay",
        arguments: [
            ("$(A)", "1"), ("x$(A)y$(B)z", "x1y2z"), ("$$(A)", "$(A)"), ("$(NONE)", "$(NONE)"), ("$", "$"),
            ("$A", "$A"),
            ("$(A", "$(A"), ("$$$(A)", "$1"), ("", ""), ("a$$b", "a$b"),
        ])
    func expands(_ text: String, _ expected: String) {
        #expect(Expansion.expand(text, ["A": "1", "B": "2"]) == expected)
    }
}
