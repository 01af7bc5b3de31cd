/// Finds aliases before the parser expands them.
///
/// The parser hashes mapping keys before anybody sees the tree, and a key made of aliases of aliases takes forever to
/// hash. So a text in which some `*name` follows its `&name` is refused unparsed. Both occur in plain text only by a
/// rare coincidence (`&x … *x`), where the message says what to do.
enum AliasScan {
    struct Place {
        var line: Int
        var column: Int

        func location(in file: String) -> SourceLocation { SourceLocation(file: file, line: line, column: column) }
    }

    /// The first alias of a name that was anchored before it.
    static func firstAlias(in text: String) -> Place? {
        var anchors: Set<String> = []
        var place = Place(line: 1, column: 0)
        var scalars = text.unicodeScalars[...]
        var startsToken = true
        while let scalar = scalars.popFirst() {
            place.column += 1
            if startsToken, scalar == "&" || scalar == "*" {
                let name = String(String.UnicodeScalarView(scalars.prefix(while: isName)))
                if scalar == "&", !name.isEmpty { anchors.insert(name) }
                if scalar == "*", anchors.contains(name) { return place }
            }
            startsToken = !isName(scalar)
            if scalar == "\n" { place = Place(line: place.line + 1, column: 0) }
        }
        return nil
    }

    private static func isName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-"
    }
}
