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
        # Prints true or false; nothing where a module may be built in and nobody tells.
        has() {
          if [ -d "$root/sys/module/$1" ] || grep -qs "^$1 " "$root/proc/modules"; then echo true; return; fi
          case $1 in
            overlay) seen="$root/proc/filesystems" ;;
            br_netfilter) seen="$root/proc/sys/net/bridge" ;;
            nf_conntrack) seen="$root/proc/sys/net/netfilter/nf_conntrack_max" ;;
            ip_tables) seen="$root/proc/net/ip_tables_names" ;;
            ip_vs) seen="$root/proc/net/ip_vs" ;;
            *) seen= ;;
          esac
          if [ "$1" = overlay ] && grep -qs 'overlay$' "$seen"; then echo true; return; fi
          if [ "$1" != overlay ] && [ -n "$seen" ] && [ -e "$seen" ]; then echo true; return; fi
          if [ -r "$directory/modules.builtin" ]; then
            if sed 's/-/_/g' "$directory/modules.builtin" | grep -q "/$1\.ko"; then echo true; else echo false; fi
            return
          fi
          case $1 in
            overlay) option=OVERLAY_FS ;; vxlan) option=VXLAN ;; ip_tables) option=IP_NF_IPTABLES ;;
            br_netfilter|nf_conntrack|nf_tables|ip_vs) option=$(printf %s "$1" | tr a-z A-Z) ;;
            *) return ;;
          esac
          [ -r "$root/proc/config.gz" ] || return
          if gzip -dc "$root/proc/config.gz" 2>/dev/null | grep -q "^CONFIG_$option=y"; then echo true; else echo false; fi
        }
        for name in br_netfilter overlay nf_conntrack ip_tables nf_tables ip_vs vxlan; do
          printf '+modules\t%s\t%s\n' "$name" "$(has $name | grep . || echo '?nothing tells whether it is built in')"
        done
        printf '.modules\n'
        # Where there is no list of what is built in, systemd has looked at boot.
        absent=
        [ -r "$directory/modules.builtin" ] ||
          absent=" $(timeout 0.5 journalctl -q -b -u systemd-modules-load -o cat 2>/dev/null |
            sed -n "s/.*Failed to find module '\([^']*\)'.*/\1/p" | tr - _ | sort -u | tr '\n' ' ')"
        cat "$root"/etc/modules-load.d/*.conf "$root"/usr/lib/modules-load.d/*.conf "$root/etc/modules" 2>/dev/null |
          awk '/^[A-Za-z0-9]/ { gsub(/-/, "_", $1); if (!seen[$1]++ && n++ < 60) print $1 }' | while read -r name; do
          case $(has "$name") in
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
        for name in net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables \
          net.ipv4.conf.all.rp_filter vm.overcommit_memory kernel.panic fs.inotify.max_user_watches \
          fs.inotify.max_user_instances net.netfilter.nf_conntrack_max net.netfilter.nf_conntrack_count; do
          # Of some of them a shell that reads by bytes gets the first only.
          value=$(cat "$root/proc/sys/$(printf %s "$name" | tr . /)" 2>/dev/null) && printf '+sysctls\t%s\t%s\n' "$name" "$value"
        done
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
