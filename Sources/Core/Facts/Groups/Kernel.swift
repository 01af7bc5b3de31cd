import CEL

extension FactGroup {
    /// The kernel and what Kubernetes needs of it.
    static let kernel = FactGroup(
        "kernel", .message("Kernel"),
        "The kernel and what Kubernetes needs of it.",
        messages: [
            "Kernel": [
                FactField(
                    "modules", .map(.string, .bool),
                    "br_netfilter, overlay, nf_conntrack, ip_tables, nf_tables, ip_vs, vxlan: loaded or built in"),
                FactField("missingModules", .list(.string), "wanted by modules-load.d or /etc/modules, and neither"),
                FactField("modulesDirectory", .bool, "modules of the running kernel are installed"),
                FactField("sysctls", .map(.string, .string), "parameters that Kubernetes depends on, those that exist"),
                FactField("rebootRequired", .bool, "packages ask for a reboot"),
            ]
        ],
        questions: [FactQuestion(kernelScript, limit: 4 << 10, waits: 1.5, for: .packages)])

    private static let kernelScript: StaticString = #"""
        root=$1
        release=$(cat "$root/proc/sys/kernel/osrelease") || exit
        directory="$root/lib/modules/$release"
        if [ -d "$directory" ]; then printf '=modulesDirectory\ttrue\n'; else printf '=modulesDirectory\tfalse\n'; fi
        # Modules that are loaded, filesystems that are known, and what is built in: of all, or of those below.
        loaded=" $(sed 's/ .*//' "$root/proc/modules" 2>/dev/null | tr '\n' ' ')"
        filesystems=" $(sed 's/.*\t//' "$root/proc/filesystems" 2>/dev/null | tr '\n' ' ')"
        built= tells=
        if [ -r "$directory/modules.builtin" ]; then
          tells=all built=" $(sed 's|.*/||; s/\.ko.*//; s/-/_/g' "$directory/modules.builtin" | tr '\n' ' ')"
        elif [ -r "$root/proc/config.gz" ]; then
          tells=some built=" $(gzip -dc "$root/proc/config.gz" 2>/dev/null | sed -n 's/^CONFIG_\([A-Z_]*\)=y$/\1/p' | awk '
            BEGIN { split("OVERLAY_FS overlay VXLAN vxlan IP_NF_IPTABLES ip_tables BR_NETFILTER br_netfilter NF_CONNTRACK " \
              "nf_conntrack NF_TABLES nf_tables IP_VS ip_vs", word, " ")
              for (i = 1; i in word; i += 2) name[word[i]] = word[i + 1] }
            $1 in name { printf "%s ", name[$1] }')"
        fi
        # Sets answer to true or false; to nothing where a module may be built in and nobody tells.
        has() {
          answer=true seen=
          [ ! -d "$root/sys/module/$1" ] || return 0
          case $loaded$built in *" $1 "*) return 0 ;; esac
          case $1 in
            overlay) case $filesystems in *" overlay "*) return 0 ;; esac ;;
            br_netfilter) seen="$root/proc/sys/net/bridge" ;;
            nf_conntrack) seen="$root/proc/sys/net/netfilter/nf_conntrack_max" ;;
            ip_tables) seen="$root/proc/net/ip_tables_names" ;;
            ip_vs) seen="$root/proc/net/ip_vs" ;;
          esac
          [ -z "$seen" ] || [ ! -e "$seen" ] || return 0
          answer=false
          [ "$tells" != all ] || return 0
          case $tells$1 in
            someoverlay|somevxlan|someip_tables|somebr_netfilter|somenf_conntrack|somenf_tables|someip_vs) ;;
            *) answer= ;;
          esac
        }
        for name in br_netfilter overlay nf_conntrack ip_tables nf_tables ip_vs vxlan; do
          has "$name"
          printf '+modules\t%s\t%s\n' "$name" "${answer:-?nothing tells whether it is built in}"
        done
        printf '.modules\n'
        # Where there is no list of what is built in, systemd has looked at boot.
        absent=
        [ -r "$directory/modules.builtin" ] ||
          absent=" $(timeout 0.5 journalctl -q -b -u systemd-modules-load -o cat 2>/dev/null |
            sed -n "s/.*Failed to find module '\([^']*\)'.*/\1/p" | tr - _ | sort -u | tr '\n' ' ')"
        cat "$root"/etc/modules-load.d/*.conf "$root"/usr/lib/modules-load.d/*.conf "$root/etc/modules" 2>/dev/null |
          awk '/^[A-Za-z0-9]/ { gsub(/-/, "_", $1); if (!seen[$1]++ && n++ < 60) print $1 }' | while read -r name; do
          has "$name"
          case $answer in
            true) ;;
            false) printf '+missingModules\t%s\n' "$name" ;;
            *)
              case $absent in
                *" $name "*) printf '+missingModules\t%s\n' "$name" ;;
                *) printf '?missingModules\tnothing tells whether %s is built in\n' "$name" ;;
              esac ;;
          esac
        done
        printf '.missingModules\n'
        (cd "$root/proc/sys" && grep -s '' /dev/null net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables \
          net/bridge/bridge-nf-call-ip6tables net/ipv4/conf/all/rp_filter vm/overcommit_memory kernel/panic \
          fs/inotify/max_user_watches fs/inotify/max_user_instances net/netfilter/nf_conntrack_max \
          net/netfilter/nf_conntrack_count) | awk '{
            colon = index($0, ":"); name = substr($0, 1, colon - 1); gsub(/\//, ".", name)
            if (!seen[name]++) print "+sysctls\t" name "\t" substr($0, colon + 1)
          }'
        printf '.sysctls\n'
        if [ -e "$root/run/reboot-required" ]; then printf '=rebootRequired\ttrue\n'
        elif [ -e "$root/etc/debian_version" ]; then printf '=rebootRequired\tfalse\n'
        elif command -v needs-restarting >/dev/null 2>&1; then
          timeout 1 needs-restarting -r >/dev/null 2>&1
          case $? in
            0) printf '=rebootRequired\tfalse\n' ;;
            1) printf '=rebootRequired\ttrue\n' ;;
            *) printf '?rebootRequired\tneeds-restarting did not say in time\n' ;;
          esac
        else printf '?rebootRequired\tneeds-restarting is not installed\n'
        fi
        """#
}
