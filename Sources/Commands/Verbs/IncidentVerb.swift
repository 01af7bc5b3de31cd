import ArgumentParser
import Core
import Engine

/// `belay incident`: what groups triage, plans and runs, from the first line to the post-mortem.
struct IncidentVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incident", abstract: "Start, note and close incidents, and report what was found and done.",
        discussion: """
            While one is open, what triage answers is kept in the log, and plans are tied to it. With several open nothing is \
            guessed: name one with --incident.
            """,
        subcommands: [
            Start.self, Note.self, Close.self, Tie.self, List.self, IncidentReportVerb.self,
        ])

    /// `belay incident start`.
    struct Start: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Start an incident: one line in the log.",
            discussion: "`belay incident start API is down`: it needs nothing else, and asks no node.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "What is wrong, in a few words.")
        var title: [String]

        @Option(help: "Its name elsewhere, such as INC-4711; made from the date unless given.")
        var id: String?

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let (title, id) = (title.joined(separator: " "), id)
            let incident = try await global.workspace().withBelay { try await $0.startIncident(title, id: id) }
            let view = IncidentChangeView(incident: incident, change: .started)
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }

    /// `belay incident note`.
    struct Note: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Write something down about an incident.",
            discussion: "Of a closed incident too, by its id: what was learned later stands in the log behind its end.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(
            help: ArgumentHelp(
                "The text, in quotes; before it the incident, where it is not the only open one.", valueName: "words"))
        var words: [String]

        mutating func validate() throws {
            guard (1...2).contains(words.count) else {
                throw ValidationError("\(words.count) words are given: put the text in quotes.")
            }
        }

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let (id, text) = (words.count == 2 ? words[0] : nil, words[words.count - 1])
            let incident = try await global.workspace().withBelay { try await $0.note(text, incident: id) }
            let view = IncidentChangeView(incident: incident, change: .noted)
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }

    /// `belay incident close`.
    struct Close: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Close an incident, with what it was.",
            discussion: """
                Refused while a run of it is under way, was cut off, or needs a person; an open review of break-glass and a plan \
                that was not applied are only said.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "The incident; the only open one unless given.")
        var id: String?

        @Option(help: "What it was, and what ended it.")
        var summary: String

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let (id, summary) = (id, summary)
            let (incident, waiting) = try await global.workspace().withBelay {
                try await $0.closeIncident(id, summary: summary)
            }
            for sentence in waiting { terminal.complain("still waiting: \(sentence.printable)") }
            let view = IncidentChangeView(incident: incident, change: .closed)
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }

    /// `belay incident tie`.
    struct Tie: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Say that a run belongs to an incident.",
            discussion: "For a run that was planned before the incident was started, or while several were open.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "The run's id, or its beginning.")
        var run: String

        @Option(help: ArgumentHelp("The incident; the only open one unless given.", valueName: "id"))
        var incident: String?

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let (run, id) = (run, incident)
            let (tied, incident) = try await global.workspace().withBelay { try await $0.tie(run: run, incident: id) }
            terminal.write(
                output.format == .json
                    ? try JSONText.pretty(["run": tied, "incident": incident.id])
                    : "run \(tied.printable) belongs to incident \(incident.id.printable)")
            return .done
        }
    }

    /// `belay incident list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(abstract: "List incidents, open ones first.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let view = IncidentsView(
                try await global.workspace().incidents().incidents.map { IncidentSummary($0) }, now: SystemClock().now()
            )
            terminal.write(output.format == .json ? try view.json() : view.text())
            return .done
        }
    }
}
