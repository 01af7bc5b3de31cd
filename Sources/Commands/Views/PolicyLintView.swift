import Core

/// `belay policy lint`: faults first, file by file, then warnings.
struct PolicyLintView: Sendable {
    /// How many files were read.
    let files: Int
    let faults: [Diagnostic]
    let warnings: [Diagnostic]

    var exit: Exit { faults.isEmpty ? .done : .usage }

    func text(_ style: Style) -> String {
        (Self.texts(faults) + Self.texts(warnings)).map { $0 + "\n\n" }.joined() + summary(style) + "\n"
    }

    /// What is said of one file stands together, in the order of its lines.
    private static func texts(_ diagnostics: [Diagnostic]) -> [String] {
        let files = Dictionary(grouping: diagnostics, by: \.location.file)
        return files.sorted { $0.key < $1.key }.map { DiagnosticsView(Diagnostics($0.value)).text }
    }

    private func summary(_ style: Style) -> String {
        let warned = warnings.isEmpty ? "" : ", \(count(warnings.count, "warning"))"
        guard !faults.isEmpty else { return "\(style.good("ok")): \(count(files, "file"))\(warned)" }
        return style.bad("\(count(faults.count, "fault"))\(warned) in \(count(files, "file"))")
    }
}
