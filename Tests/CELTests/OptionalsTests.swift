import Testing

@testable import CEL

@Suite("Optionals")
struct OptionalsTests {
    @Test(
        "an optional has its value, or says that it has none",
        arguments: [
            ("optional.of(1).hasValue()", "true"), ("optional.none().hasValue()", "false"),
            ("optional.of(null).hasValue()", "true"), ("optional.of([1]).value()", "[1]"),
            ("optional.of(1).orValue(2)", "1"), ("optional.none().orValue(2)", "2"),
            ("optional.of(1) == optional.of(1)", "true"), ("optional.of(1) == optional.of(2)", "false"),
            ("optional.none() == optional.none()", "true"), ("optional.of(1) == optional.none()", "false"),
            ("[1, 2].map(e, e == 1 ? optional.of(e) : optional.none()).filter(o, o.hasValue()).size()", "1"),
        ])
    func values(source: String, rendered: String) throws {
        #expect(try value(source).rendered() == rendered)
    }

    @Test("one without a value is an error where its value is asked for, and so is what is no optional")
    func errors() throws {
        #expect(try failure("optional.none().value()")?.kind == .noSuchField)
        #expect(try failure("[dyn(1)].map(e, e.hasValue())")?.kind == .noSuchOverload)
        #expect(try failure("[dyn(names)].map(e, e.value())", ["names": ["a"]])?.kind == .noSuchOverload)
    }

    @Test(
        "its type is that of its value",
        arguments: [
            ("optional.of('a')", "optional_type(string)"), ("optional.none()", "optional_type(dyn)"),
            ("optional.of('a').value()", "string"), ("optional.of([1]).orValue([])", "list(int)"),
            ("optional.of(1).orValue('a')", "dyn"), ("optional.none().value()", "dyn"),
            ("true ? optional.none() : optional.of(1u)", "optional_type(uint)"), ("dyn(1).orValue(1)", "dyn"),
        ])
    func types(source: String, type: String) throws {
        #expect(try Program.compile(source, declarations: .sample).type.description == type)
    }

    @Test(
        "what takes no optional, and what the library has besides, is refused",
        arguments: [
            "optional.of(1) + 1", "size(optional.of(1))", "optional.of()", "optional.none(1)", "'a'.value()",
            "optional.of(1).size()", "optional.of(1).value", "optional.ofNonZeroValue(1)", "optional",
            "optional.of(1).or(optional.none())", "has(optional.of(1).value)",
        ])
    func refused(source: String) {
        #expect(throws: CompileError.self) { try Program.compile(source, declarations: .sample) }
    }
}
