import Core
import Foundation

/// The configuration's layers besides the project's. Other places than the standard ones are for tests: no flag and no
/// variable names one.
struct LayerFiles: Sendable {
    /// The machine's; it need not exist.
    var system = ConfigurationLayer.systemFile
    /// Who must own the machine's file and whatever it names.
    var owner: uid_t = 0
    /// The user's; it need not exist. That a variable moves it moves no guardrail.
    var user = (Environment.variable("XDG_CONFIG_HOME") ?? Environment.home.map { $0 + "/.config" })
        .map { $0 + "/belay/config.yaml" }

    /// What the machine sets; nil where it has no such file.
    /// - Throws: ``WorkspaceError`` when others than the owner could have written it, ``Diagnostics`` for faults in it.
    func systemConfiguration() throws -> SystemConfiguration? {
        guard try exists(system) else { return nil }
        try checkOwner(of: system)
        return try SystemConfiguration.parse(ProjectFiles.read(system), file: system)
    }

    /// What the user sets; nil where there is no such file.
    func userConfiguration() throws -> UserConfiguration? {
        guard let user, try exists(user) else { return nil }
        return try UserConfiguration.parse(ProjectFiles.read(user), file: user)
    }

    // A file that is there and cannot be seen must not count as none.
    private func exists(_ path: String) throws(WorkspaceError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        let reason = errno
        guard reason == ENOENT || reason == ENOTDIR else {
            throw WorkspaceError(
                "it cannot be seen whether \(path) exists: \(String(cString: strerror(reason)))",
                remedy: "Let everybody look into its folder (chmod a+rx): what it sets holds for all.")
        }
        return false
    }

    /// Refuses a file or folder of the machine's that somebody else than its owner can change.
    func checkOwner(of path: String) throws(WorkspaceError) {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        for place in [target.path, target.deletingLastPathComponent().path] {
            var status = stat()
            guard stat(place, &status) == 0 else {
                throw WorkspaceError(
                    "\(place) cannot be read", remedy: "Check the paths in \(system), and who may read them.")
            }
            guard status.st_uid == owner, status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
                throw WorkspaceError(
                    "\(place) could be changed by others than its owner, or is not root's: the machine's guardrails would be theirs",
                    remedy: "chown root:root '\(place)' && chmod go-w '\(place)'")
            }
        }
    }

    /// Refuses a project that does not lie in one of the folders that the machine allows.
    func check(project: String, against system: SystemConfiguration?) throws(WorkspaceError) {
        guard let folders = system?.projects else { return }
        // With the slash, so that /srv/belay-mine does not lie in /srv/belay.
        let real = { (path: String) in
            let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            return path.hasSuffix("/") ? path : path + "/"
        }
        guard !folders.contains(where: { real(project).hasPrefix(real($0)) }) else { return }
        throw WorkspaceError(
            "the project \(project) may not be used on this machine: \(self.system) allows those in "
                + (folders.isEmpty ? "no folder" : folders.joined(separator: ", ")),
            remedy: "Work in one of them, or have the machine's administrator add this one to 'projects'.")
    }
}
