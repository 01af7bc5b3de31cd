/// What `kernel.modules.load` sees of modules: loaded, built in, there to be loaded, or why not.
enum KernelModules {
    /// How a module stands, as ``observe`` prints it.
    enum State: String, CaseIterable, Sendable {
        case loaded
        case builtIn = "built in"
        case available = "not loaded"
        case missing
        case blocked
        case unknown
    }

    /// The field of a module: `module.br_netfilter`.
    static func field(_ name: String) -> String { "module.\(name)" }

    /// Reads the output of ``observe`` for these modules.
    static func parse(_ output: CommandOutput, _ names: [String]) throws(ObservationError) -> Observation {
        let text = try output.text(of: "looking at modules")
        let shown = try output.properties(of: "looking at modules")
        var observation = Observation()
        for key in ["release", "directory", "loader"] {
            guard let value = shown[key], !value.isEmpty, value.utf8.count <= 200 else { throw unreadable(key) }
            observation[key] = .text(value)
        }
        for name in names {
            guard let state = shown["module.\(name)"].flatMap(State.init(rawValue:)) else { throw unreadable(name) }
            observation[field(name)] = .text(state.rawValue)
            let needs = text.lines.filter { $0.hasPrefix("needs.\(name)=") }
                .map { String($0.dropFirst("needs.\(name)=".utf8.count)) }
            guard needs.allSatisfy(isName) else { throw unreadable(name) }
            if !needs.isEmpty { observation["needs.\(name)"] = .lines(needs) }
        }
        return observation
    }

    private static func unreadable(_ what: String) -> ObservationError {
        ObservationError(
            "how the kernel's modules stand could not be told (\(what))",
            remedy: "See 'lsmod' and 'ls /lib/modules' on the node; nothing is guessed")
    }

    /// Whether a text names a module as the kernel does, with underscores.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// Prints `KEY=VALUE` lines of the modules named behind `$1`, which is the root of the node's files and empty on a node.
    ///
    /// What is built in is listed beside the modules. Where nothing is installed for the running kernel, its own configuration
    /// tells of some, and what only they bring tells of others; else it is not known.
    static let observe: StaticString = #"""
        root=$1
        shift
        release=$(cat -- "$root/proc/sys/kernel/osrelease") || exit
        directory=$root/lib/modules/$release
        echo "release=$release"
        if [ -d "$directory" ]; then echo directory=present; else echo directory=absent; fi
        # Other programs of that name do not tell what they would do.
        tool=no
        case $(modprobe --version 2>/dev/null) in kmod*) tool=kmod ;; esac
        if [ ! -e "$root/proc/modules" ]; then echo loader=none
        elif [ "$(cat -- "$root/proc/sys/kernel/modules_disabled" 2>/dev/null)" = 1 ]; then echo loader=locked
        elif [ "$tool" = no ]; then echo 'loader=no kmod'
        else echo loader=ready; fi
        loaded=" $(sed 's/ .*//' "$root/proc/modules" 2>/dev/null | tr '\n' ' ') "
        built=unlisted
        if [ -r "$directory/modules.builtin" ]; then
            built=" $(sed 's|.*/||; s/\.ko.*//' "$directory/modules.builtin" | tr '\n-' ' _') "
        fi
        config=$(gzip -dc "$root/proc/config.gz" 2>/dev/null | sed -n 's/^\(CONFIG_[A-Z0-9_]*=[ym]\)$/\1/p' | tr '\n' ' ')
        configured() {
            option= sign=
            case $1 in
                br_netfilter) option=BRIDGE_NETFILTER sign=proc/sys/net/bridge ;;
                overlay) option=OVERLAY_FS ;;
                nf_conntrack) option=NF_CONNTRACK sign=proc/sys/net/netfilter/nf_conntrack_max ;;
                ip_tables) option=IP_NF_IPTABLES sign=proc/net/ip_tables_names ;;
                nf_tables) option=NF_TABLES ;;
                ip_vs) option=IP_VS sign=proc/net/ip_vs ;;
                vxlan) option=VXLAN ;;
            esac
            [ "$1" != overlay ] || ! grep -q '[[:blank:]]overlay$' "$root/proc/filesystems" 2>/dev/null || return 0
            [ -z "$sign" ] || [ ! -e "$root/$sign" ] || return 0
            [ -n "$option" ] && [ -n "$config" ] || return 2
            case " $config" in *" CONFIG_$option=y "*) return 0 ;; *) return 1 ;; esac
        }
        for name in "$@"; do
            case $loaded in *" $name "*) echo "module.$name=loaded"; continue ;; esac
            case $built in *" $name "*) echo "module.$name=built in"; continue ;; esac
            # A module is listed where modules are; what else has a folder there is part of the kernel.
            if [ -d "$root/sys/module/$name" ]; then echo "module.$name=built in"; continue; fi
            if [ "$built" = unlisted ]; then
                configured "$name"
                case $? in
                    0) echo "module.$name=built in"; continue ;;
                    1) echo "module.$name=missing"; continue ;;
                esac
                [ -d "$directory" ] || { echo "module.$name=unknown"; continue; }
            fi
            if [ "$tool" = no ]; then echo "module.$name=unknown"; continue; fi
            steps=$(modprobe ${root:+-d "$root"} -S "$release" --show-depends -- "$name" 2>&1) || {
                case $steps in
                    *' not found in directory '*) echo "module.$name=missing" ;;
                    *) echo "module.$name=unknown" ;;
                esac
                continue
            }
            # A line of modprobe.d can have a program run in place of loading, as hardening does.
            case $steps in
                *'install '*) echo "module.$name=blocked" ;;
                *)
                    echo "module.$name=not loaded"
                    printf '%s\n' "$steps" | sed -n 's|^insmod .*/\([^/ ]*\)\.ko.*|\1|p' | tr - _ | while read -r need; do
                        case "$loaded $name " in *" $need "*) ;; *) echo "needs.$name=$need" ;; esac
                    done ;;
            esac
        done
        """#

    /// Loads the modules named that are not loaded.
    static let load: StaticString = #"""
        for name in "$@"; do
            grep -q "^$name " /proc/modules || modprobe -- "$name" || exit
        done
        """#

    /// Unloads the modules named, in that order, those that are loaded and that nothing uses; the others it says and leaves.
    static let unload: StaticString = #"""
        failed=0
        for name in "$@"; do
            grep -q "^$name " /proc/modules || continue
            users=$(cat "/sys/module/$name/refcnt" 2>/dev/null) || users=unknown
            if [ "$users" != 0 ]; then
                echo "$name stays loaded: it is in use by now ($users)" >&2
                continue
            fi
            rmmod "$name" || ! grep -q "^$name " /proc/modules || failed=1
        done
        exit "$failed"
        """#
}
