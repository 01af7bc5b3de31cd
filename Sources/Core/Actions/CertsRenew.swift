/// `certs.renew`: has kubeadm renew the certificates of a control-plane node, all of them or one.
///
/// Before that `/etc/kubernetes/pki` and the kubeconfigs are archived under Belay's folder, where only root reads them; undo
/// puts back from there exactly what kubeadm may have changed, after an archive of what it replaces. An archive stays until
/// what is in it is back. What serves or uses a certificate goes on with the old one until it is restarted (`staticpod.restart`).
///
/// Refused where kubeadm is not the owner: under a platform's agent, without the authority's key, and where the authority
/// itself has expired.
public struct CertsRenew: Action {
    /// `certs.renew`.
    public static let kind = ActionKind(
        name: "certs.renew",
        summary: "Renews the certificates that kubeadm made on a control-plane node, after an archive of them all.",
        disrupts: [],
        touches: ["certificates"],
        parameters: [
            ArgumentKind(
                "certificate",
                "kubeadm's name of one (apiserver, etcd-server, admin.conf, …), or 'all' (default)")
        ])

    private let name: String
    private let certificates: [KubeadmCertificate]

    /// Reads `certificate`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let names = ["all"] + KubeadmCertificate.all.map(\.name)
        let chosen = try arguments.choice("certificate", of: names, default: "all")
        name = chosen
        certificates = KubeadmCertificate.all.filter { chosen == "all" || $0.name == chosen }
    }

    /// The files come back as they were.
    public var reversibility: Reversibility { .reversible }
    /// sshd has no part in them.
    public var cutsPath: Bool { false }
    /// They are on disk.
    public var survivesReboot: Bool { true }

    /// What there is of each certificate, of the authorities, and who owns them.
    public func observe() -> [Command] { [CertificateScript.command(["look", CertificateScript.folder] + files)] }

    private var files: [String] { certificates.flatMap(\.files) }

    /// Fields: `file.PATH`, `platforms`, `authority.NAME` (footprint), `expires.NAME`, `kubeadm` (state).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        var seen = Observation(["platforms": .lines([])])
        var platforms: Set<String> = []
        for line in try outputs[0].text(of: "looking at the certificates").split(separator: "\n") {
            let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            switch (words.first, words.count) {
            case ("kubeadm", 2):
                seen["kubeadm"] = words[1].isEmpty ? .absent : .text(Printable.escape(words[1], limit: 200))
            case ("platform", 2): platforms.insert(Printable.escape(words[1], limit: 200))
            case ("authority", 3): seen["authority.\(words[1])"] = .text(Printable.escape(words[2], limit: 40))
            case ("file", 3):
                seen["file.\(words[1])"] = words[2] == "absent" ? .absent : .text(Printable.escape(words[2]))
            case ("expires", 3): seen["expires.\(words[1])"] = .text(Printable.escape(words[2], limit: 60))
            default: throw Self.unreadable("a line that is none of ours")
            }
        }
        seen["platforms"] = .lines(platforms.sorted())
        let wanted = files.map { "file.\($0)" } + KubeadmCertificate.authorities.map { "authority.\($0)" } + ["kubeadm"]
        for field in wanted where seen[field] == nil { throw Self.unreadable("nothing of \(field)") }
        return seen
    }

    private static func unreadable(_ why: String) -> ObservationError {
        ObservationError(
            "what was read of the certificates is not whole: \(why)",
            remedy: "See 'ls -l /etc/kubernetes/pki' on the node, then plan again")
    }

    /// All but where kubeadm is, and when they end, which is in them.
    public func role(of field: String) -> FieldRole {
        field == "kubeadm" || field.hasPrefix("expires.") ? .state : .footprint
    }

    /// New certificates and keys, good for a year; which ones nobody can tell.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try refuseWhereOthersOwn(before)
        let present = certificates.filter { $0.files.contains { before.text("file.\($0)") != nil } }
        try refuseWhatIsNotWhole(present, before)
        var after = before
        var qualities: [String: Quality] = [:]
        for file in present.flatMap(\.files) {
            after["file.\(file)"] = .text("a new one")
            qualities["file.\(file)"] = .unpredictable("the key is drawn by lot")
            guard before["expires.\(file)"] != nil else { continue }
            after["expires.\(file)"] = .text("a year after the step")
            qualities["expires.\(file)"] = .bounded("a year after the step, unless kubeadm was told otherwise")
        }
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    private func refuseWhereOthersOwn(_ before: Observation) throws(ObservationError) {
        let platforms = before.lines("platforms") ?? []
        guard platforms.isEmpty else {
            throw ObservationError(
                "a management platform owns this node's certificates: \(platforms.joined(separator: ", "))",
                remedy: "Renew them by the platform's own means; it would overwrite or refuse what kubeadm makes")
        }
        guard before.text("kubeadm") != nil else {
            throw ObservationError(
                "there is no kubeadm on this node, so it did not make these certificates, or is gone",
                remedy: "Renew them as they were made")
        }
    }

    private func refuseWhatIsNotWhole(
        _ present: [KubeadmCertificate], _ before: Observation
    ) throws(ObservationError) {
        guard !present.isEmpty else {
            throw ObservationError(
                "there is no \(name == "all" ? "certificate" : "certificate '\(name)'") of kubeadm on this node",
                remedy: "Choose a node of the control plane, and see 'kubeadm certs check-expiration' there")
        }
        for file in present.flatMap(\.files) where before.text("file.\(file)")?.hasPrefix("regular ") != true {
            throw ObservationError(
                "\(CertificateScript.folder)/\(file) is \(before.text("file.\(file)") ?? "absent")",
                remedy: "kubeadm renews whole pairs of plain files only; see to that file first")
        }
        for authority in Set(present.map(\.authority)).sorted() {
            guard let state = before.text("authority.\(authority)"), state != "here" else { continue }
            throw ObservationError(
                "the authority \(CertificateScript.folder)/pki/\(authority).crt is \(state)",
                remedy: state == "expired"
                    ? "Nothing that it signs is good any more: the authority has to be replaced first"
                    : "Who holds its key has to sign the new certificates")
        }
    }

    private func notes(_ before: Observation) -> [String] {
        [
            "the archive \(archive(before)) holds private keys; only root reads it, and it stays until undo",
            "what serves a certificate keeps the old one until it is restarted, and who copied admin.conf has the old one",
        ]
    }

    /// The archive, then kubeadm.
    public func apply(_ before: Observation) -> [Command] {
        [
            CertificateScript.command(["archive", CertificateScript.folder, archive(before), SnapshotFiles.directory]),
            CertificateScript.command(["renew", CertificateScript.folder, name] + files),
        ]
    }

    /// What the archive has of these files, each renamed over the one that is there.
    public func undo(_ before: Observation) -> [Command] {
        let words = ["restore", CertificateScript.folder, archive(before), SnapshotFiles.directory] + files
        return [CertificateScript.command(words, input: Payload(listing(before)))]
    }

    /// As the script tells it.
    private func listing(_ before: Observation) -> String {
        files.map { "\($0)\t\(before.text("file.\($0)") ?? "absent")" }.joined(separator: "\n")
    }

    /// Named after what is in it, so that undo finds it from the state alone.
    private func archive(_ before: Observation) -> String {
        "\(SnapshotFiles.directory)/certificates-\(Digest.sha256(Array(listing(before).utf8)).prefix(16)).tar"
    }
}

/// A certificate that `kubeadm certs renew` knows, by its name there.
struct KubeadmCertificate: Sendable, Hashable {
    let name: String
    /// Its files under `/etc/kubernetes`.
    let files: [String]
    /// Who signs it, as a path under `pki`.
    let authority: String

    private init(pair path: String, _ name: String, by authority: String = "ca") {
        (self.name, self.authority) = (name, authority)
        files = ["pki/\(path).crt", "pki/\(path).key"]
    }

    private init(kubeconfig name: String) {
        (self.name, files, authority) = (name, [name], "ca")
    }

    static let authorities = ["ca", "etcd/ca", "front-proxy-ca"]

    static let all = [
        KubeadmCertificate(kubeconfig: "admin.conf"), KubeadmCertificate(kubeconfig: "super-admin.conf"),
        KubeadmCertificate(kubeconfig: "controller-manager.conf"), KubeadmCertificate(kubeconfig: "scheduler.conf"),
        KubeadmCertificate(pair: "apiserver", "apiserver"),
        KubeadmCertificate(pair: "apiserver-kubelet-client", "apiserver-kubelet-client"),
        KubeadmCertificate(pair: "apiserver-etcd-client", "apiserver-etcd-client", by: "etcd/ca"),
        KubeadmCertificate(pair: "front-proxy-client", "front-proxy-client", by: "front-proxy-ca"),
        KubeadmCertificate(pair: "etcd/server", "etcd-server", by: "etcd/ca"),
        KubeadmCertificate(pair: "etcd/peer", "etcd-peer", by: "etcd/ca"),
        KubeadmCertificate(pair: "etcd/healthcheck-client", "etcd-healthcheck-client", by: "etcd/ca"),
    ]
}
