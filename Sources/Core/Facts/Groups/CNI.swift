import CEL

extension FactGroup {
    /// The network of pods as the runtime would set it up.
    static let cni = FactGroup(
        "cni", .message("CNI"),
        "The network of pods as the runtime would set it up.",
        messages: [
            "CNI": [
                FactField(
                    "file", .string,
                    "the first file of /etc/cni/net.d that the runtime takes, empty when there is none"),
                FactField("name", .string, "name of the network"),
                FactField("plugins", .list(.string), "types of its plugins, in order"),
                FactField("missing", .list(.string), "types without a program"),
                FactField("error", .string, "why the file cannot be read, else empty"),
            ]
        ],
        questions: [FactQuestion(cniScript, limit: 8 << 10)]
    ) { CNIConfiguration.report($0) }

    private static let cniScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        config="$root/etc/containerd/config.toml"
        value() { sed -n "s/^ *$1 *= *[\"']\([^\"']*\)[\"'].*/\1/p" "$config" 2>/dev/null | head -n 1; }
        folder=$(value conf_dir) bin=$(value bin_dir)
        folder=${folder:-/etc/cni/net.d}
        for file in "$root$folder"/*; do
          case $file in *.conf|*.conflist|*.json) ;; *) continue ;; esac
          [ -f "$file" ] || continue
          printf '+files\t%s\t%s\n' "${file#"$root"}" "$(head -c 4000 "$file" | tr '\n\t\r' '   ')"
        done | head -n 3
        printf '.files\n'
        for directory in ${bin:-/opt/cni/bin /usr/lib/cni /usr/libexec/cni}; do
          [ -d "$root$directory" ] || continue
          ls "$root$directory" | head -n 100 | sed "s/^/+programs$tab/"
        done
        printf '.programs\n'
        """#
}
