/// `--param k=v` and `--param-file k=PATH`, as the runbook is given them.
enum ParameterArguments {
    /// The parameters by name.
    /// - Parameters:
    ///   - values: `name=value`; only the first `=` parts the two, so values may have more.
    ///   - files: `name=path`.
    ///   - read: gives the text of a file.
    /// - Throws: ``UsageError`` for an argument without `=` or without a name, and for a name given twice.
    static func parse(
        _ values: [String], files: [String] = [], read: (String) throws -> String = InputFile.text
    ) throws -> [String: String] {
        var parameters: [String: String] = [:]
        func add(_ argument: String, option: String, value: (String) throws -> String) throws {
            let (name, text) = try split(argument, option: option)
            guard parameters[name] == nil else {
                throw UsageError("the parameter '\(name)' is given twice", remedy: "Give it once.")
            }
            parameters[name] = try value(text)
        }
        for argument in values { try add(argument, option: "--param") { $0 } }
        for argument in files { try add(argument, option: "--param-file", value: read) }
        return parameters
    }

    private static func split(_ argument: String, option: String) throws -> (String, String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw UsageError("\(option) '\(argument)' has no name and '='", remedy: "Write \(option) name=value.")
        }
        return (parts[0], parts[1])
    }
}
