import Core

/// The files of policy folders, in the order of the folders and of their names.
public enum PolicyFiles {
    /// A file by the name that messages carry, and its bytes.
    public typealias File = (file: String, bytes: [UInt8])

    /// Policies and grants.
    /// - Throws: ``WorkspaceError`` when a folder or a file cannot be read.
    public static func policies(in folders: [String]) throws -> [File] {
        try files(in: folders, where: PolicySet.isPolicyFile)
    }

    /// The cases of their tests.
    /// - Throws: ``WorkspaceError`` when a folder or a file cannot be read.
    public static func tests(in folders: [String]) throws -> [File] {
        try files(in: folders, where: PolicySet.isTestFile)
    }

    private static func files(in folders: [String], where isWanted: (String) -> Bool) throws -> [File] {
        try folders.flatMap { folder in
            try ProjectFiles.list(folder).filter(isWanted).map { name in
                (file: ProjectFiles.join(folder, name), bytes: try ProjectFiles.read(ProjectFiles.join(folder, name)))
            }
        }
    }
}
