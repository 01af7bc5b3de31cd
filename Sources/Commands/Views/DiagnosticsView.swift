import Core
import Foundation

/// Faults in files, each with its line and a caret under the span, safe for a terminal.
struct DiagnosticsView: Sendable {
    private let diagnostics: Diagnostics
    private let source: @Sendable (String) -> String?

    /// - Parameter source: gives a file's text by its name; nil when it cannot be read.
    init(_ diagnostics: Diagnostics, source: @escaping @Sendable (String) -> String? = DiagnosticsView.read) {
        self.diagnostics = diagnostics
        self.source = source
    }

    var text: String {
        diagnostics.all.map { fault in
            source(fault.location.file).map { fault.render(source: $0) } ?? fault.description
        }.joined(separator: "\n\n")
    }

    /// The file as it is on disk.
    static func read(_ file: String) -> String? {
        guard !file.isEmpty, let data = FileManager.default.contents(atPath: file) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
