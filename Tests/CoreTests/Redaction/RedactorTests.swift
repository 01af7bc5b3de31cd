import Foundation
import Testing

@testable import Core

@Suite("Redaction")
struct RedactorTests {
    // Made up, and put together here, so that no scanner of sources takes them for real ones.
    static let jwt = ["eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhZG1pbiJ9", "c2lnbmF0dXJlLW9mLWl0"].joined(separator: ".")
    static let github = "ghp_" + String(repeating: "aB3", count: 12)
    static let pem = [
        "-----BEGIN OPENSSH PRIVATE" + " KEY-----", "b3BlbnNzaC1rZXktdjE", "-----END OPENSSH PRIVATE" + " KEY-----",
    ].joined(separator: "\n")

    static let secrets: [(String, String)] = [
        // Private keys, whole or cut off.
        ("before\n\(pem)\nafter", "before\n[redacted]\nafter"),
        ("x -----BEGIN RSA PRIVATE" + " KEY-----\nMIIE", "x [redacted]"),
        (
            "-----BEGIN PRIVATE" + " KEY-----\nA\n-----END PRIVATE" + " KEY-----\n-----BEGIN CERTIFICATE-----",
            "[redacted]\n-----BEGIN CERTIFICATE-----"
        ),
        // Kubeconfigs.
        (
            "    client-key-data: LS0tLS1CRUdJTg==\n    token: abc.def\n",
            "    client-key-data: [redacted]\n    token: [redacted]\n"
        ),
        (
            "users:\n- user: {password: hunter2, username: admin}",
            "users:\n- user: {password: [redacted], username: admin}"
        ),
        (#"{"users":[{"user":{"token":"abc","n":1}}]}"#, #"{"users":[{"user":{"n":1,"token":"[redacted]"}}]}"#),
        // Settings and options.
        ("DB_PASSWORD=hunter2 next", "DB_PASSWORD=[redacted] next"),
        ("export API_KEY='a b c'", "export API_KEY='[redacted]'"),
        ("password = \"x y\"", "password = \"[redacted]\""),
        ("Environment=GITHUB_TOKEN=abc", "Environment=GITHUB_TOKEN=[redacted]"),
        ("kubeadm join --token abc --other", "kubeadm join --token [redacted] --other"),
        ("--client-secret=abc", "--client-secret=[redacted]"),
        (#"set \"password\": \"x\" end"#, #"set \"password\": \"[redacted]\" end"#),
        ("?access_token=abc&x=1", "?access_token=[redacted]&x=1"),
        ("aws_secret_access_key = abc/def", "aws_secret_access_key = [redacted]"),
        // URLs.
        ("http://user:p%40ss@proxy:3128/", "http://user:[redacted]@proxy:3128/"),
        ("https://x-access-token:abc@example.com/a.git", "https://x-access-token:[redacted]@example.com/a.git"),
        ("amqp://u:a@b@host", "amqp://u:[redacted]@host"),
        // By their form.
        ("Authorization: Bearer \(jwt)", "Authorization: Bearer [redacted]"),
        ("authorization: basic dXNlcjpwYXNzd29yZA==", "authorization: basic [redacted]"),
        ("got \(jwt) here", "got [redacted] here"), ("(\(github))", "([redacted])"),
        ("key AKIA" + "ABCDEFGHIJKLMNOP.", "key [redacted]"),
        ("join abcdef.0123456789abcdef now", "join abcdef.[redacted] now"),
        ("root:$6$saltsalt$" + String(repeating: "h", count: 40) + ":19000:0", "root:[redacted]:19000:0"),
        // Manifests.
        ("apiVersion: v1\nkind: Secret\ndata: {a: Yg==}", "[redacted] a Kubernetes Secret"),
        (#"{"kind":"Secret","data":{"a":"Yg=="},"n":1}"#, #"{"data":"[redacted]","kind":"Secret","n":1}"#),
        // Words of a command in JSON, as a plan has them.
        (#"{"argv":["join","--token","abc","--v=2"]}"#, #"{"argv":["join","--token","[redacted]","--v=2"]}"#),
    ]

    @Test("secrets are taken out, and nothing else of the text", arguments: secrets)
    func takesOut(_ text: String, _ expected: String) {
        #expect(Redactor().redact(text) == expected)
        #expect(Redactor().redact(expected) == expected, "a second time changes nothing")
    }

    @Test(
        "what only resembles a secret stays",
        arguments: [
            "tokens: 5", "automountServiceAccountToken: false", "--service-account-private-key-file=/etc/k/sa.key",
            "password:", "password: \"\"", "token: $TOKEN", "token: <token>", "http://host:8080/path@x",
            "https://user@host/",
            "user:pass@host", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI alice",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "kind: SecretProviderClass", "sha256:0123456789abcdef0123456789abcdef", "node-1.example.internal",
            "version 1.2.3",
            "bearer of news", "basically fine", "$5 and $6", "-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -j ACCEPT", "",
            "abc", "{", "[1, 2]",
            "secretName: web-tls", "image: registry.example/app@sha256:0011", "passwordAuthentication no",
        ])
    func leaves(_ text: String) {
        #expect(Redactor().redact(text) == text)
    }

    @Test("declared secrets are found in any place, the longest first; those too short to be told are not looked for")
    func declared() {
        let redactor = Redactor(declared: ["s3cret", "s3cret-longer", "abc"])
        #expect(redactor.redact("x s3cret-longer y s3crets abc") == "x [redacted] y [redacted]s abc")
        #expect(redactor.redact("cut: s3cret-lo… s3cr… s3c… s3cre.") == "cut: [redacted]… [redacted]… s3c… s3cre.")
    }

    @Test("declared secrets are found in the names of a JSON text's members, escaped ones too")
    func declaredNames() {
        let redactor = Redactor(declared: ["hunter2", "two\nlines"])
        #expect(redactor.redact(#"{"hunter2":1}"#) == #"{"[redacted]":1}"#)
        #expect(redactor.redact(#"[{"a":{"\u0068unter2!":"x"}}]"#) == #"[{"a":{"[redacted]!":"x"}}]"#)
        #expect(redactor.redact(#"{"two\nlines":1,"hunter2":2}"#).contains("lines") == false)
        #expect(redactor.redact(#"{ "name": 1 }"#) == #"{ "name": 1 }"#)
    }

    @Test("every text of a tree is gone through, and bytes that are no text")
    func trees() throws {
        let bytes = Base64.encode([0] + Array(Self.pem.utf8))
        let tree = try JSON.decode(
            JSONTree.self,
            from: Array(
                #"{"a":[1,true,null,{"b":"token: abc"}],"argv":["--password","x","-v"],"p":{"base64":"\#(bytes)"}}"#
                    .utf8))
        let text = String(decoding: try JSON.encode(Redactor().redact(tree)), as: UTF8.self)
        let mark = Base64.encode(Array("[redacted]".utf8))
        #expect(
            text
                == #"{"a":[1,true,null,{"b":"token: [redacted]"}],"argv":["--password","[redacted]","-v"],"p":{"base64":"\#(mark)"}}"#
        )
    }

    @Test("a text that was made to take long does not")
    func hostile() {
        // Each would be gone through anew at every byte by a careless pattern; a hundred kilobytes of it then takes minutes.
        for unit in [
            "eyJ-", "token=$", "-----BEGIN ", "$1$", "a://b:c", "bearer ", "kind: ", "ghp_", "token\"", "--token ",
        ] {
            let text = String(repeating: unit, count: 100_000 / unit.utf8.count)
            #expect(Redactor().redact(text).utf8.count <= 10 * text.utf8.count)
        }
    }

    @Test("a long text is cut, and says how long it was")
    func cut() {
        let tree = JSONTree.object(["a": .string(String(repeating: "é", count: 10)), "b": .array([.string("short")])])
        #expect(tree.cut(to: 6) == .object(["a": .string("ééé… [cut: 20 bytes]"), "b": .array([.string("short")])]))
    }
}
