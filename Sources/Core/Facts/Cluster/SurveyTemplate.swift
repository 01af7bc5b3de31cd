/// What is read by lines of a Go template: what such templates are made of.
protocol SurveyTemplate {}

extension SurveyTemplate {
    static func make(_ parts: String...) -> String { prelude + parts.joined() }

    /// Prints one line of words.
    static func line(_ kind: String, _ words: String...) -> String {
        ([kind] + words).joined(separator: " ") + #"{{"\n"}}"#
    }

    /// Prints a field as quoted text of at most 300 characters, `""` where there is none.
    static func text(_ field: String) -> String { #"{{template "s" \#(field)}}"# }

    /// Prints a field as a number, 0 where there is none.
    static func number(_ field: String) -> String { #"{{template "n" \#(field)}}"# }

    /// Prints 1 for a field that is true, else 0.
    static func flag(_ field: String) -> String { "{{if \(field)}}1{{else}}0{{end}}" }

    private static var prelude: String {
        #"{{define "s"}}{{if .}}{{printf "%.300q" .}}{{else}}""{{end}}{{end}}"#
            + #"{{define "n"}}{{if .}}{{printf "%v" .}}{{else}}0{{end}}{{end}}"#
    }
}
