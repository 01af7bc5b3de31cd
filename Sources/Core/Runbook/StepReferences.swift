/// The steps that a condition names: `steps.cordon.ran`, `steps['cordon'].ran`.
enum StepReferences {
    static func names(in source: String) -> [String] {
        let dotted = source.matches(of: /\bsteps\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)/).map { String($0.output.1) }
        let indexed = source.matches(of: /\bsteps\s*\[\s*(?:'([^']*)'|"([^"]*)")\s*\]/).map {
            String($0.output.1 ?? $0.output.2 ?? "")
        }
        return dotted + indexed
    }
}
