/// The fixed shell text of what concerns the process of a static pod.
///
/// It is found past the container runtime, whose client many nodes lack: in the control group of a pod whose UID is the hash of a
/// file (32 hex digits; those of the API have dashes), by its program. So an etcd that an application brings along is another one.
enum StaticPodScript {
    /// Prints what there is, as `KEY=VALUE` lines.
    static func observe(_ component: ControlPlaneComponent) -> Command {
        command("observe", component, limit: 0, stable: 0, wanted: "")
    }

    /// Ends the process, and waits until another one has lived for a while and says of its health what is wanted.
    static func restart(_ component: ControlPlaneComponent, limit: Int, stable: Int, wanted: String) -> Command {
        command("restart", component, limit: limit, stable: stable, wanted: wanted)
    }

    /// Waits for a process that is younger than the manifest, and for its health where that can be asked for.
    static func edited(_ component: ControlPlaneComponent, limit: Int) -> Command {
        command("edited", component, limit: limit, stable: 10, wanted: "any")
    }

    /// Waits for a process, whichever it is.
    static func returned(_ component: ControlPlaneComponent, limit: Int, wanted: String) -> Command {
        command("returned", component, limit: limit, stable: 1, wanted: wanted)
    }

    private static func command(
        _ mode: String, _ component: ControlPlaneComponent, limit: Int, stable: Int, wanted: String
    ) -> Command {
        .shell(script, [mode, component.rawValue, component.manifest, "\(limit)", "\(stable)", wanted])
    }

    /// `$1` what to do, `$2` the program, `$3` its manifest, `$4` the limit and `$5` the time to live in seconds, `$6` the health
    /// that is wanted: empty for whatever it is, `any` for all but illness.
    private static let script: StaticString = #"""
        mode=$1 component=$2 manifest=$3 limit=$4 stable=$5 wanted=$6
        processes() {
            grep -lsE 'pod[0-9a-f]{32}(\.slice)?(/|$)' /proc/[0-9]*/cgroup | while IFS= read -r file; do
                folder=${file%/cgroup}
                program=$(tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | head -n 1)
                [ "${program##*/}" != "$component" ] || printf '%s\n' "${folder#/proc/}"
            done 2>/dev/null
        }
        # PID.START, which is never given twice; nothing for one that has ended, reaped or not.
        identity() {
            fields=$(cat "/proc/$1/stat" 2>/dev/null) || return
            set -- "$1" ${fields##*) }
            [ "$2" != Z ] && printf '%s.%s\n' "$1" "${21}"
        }
        flag() { tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | sed -n "s/^--$1=//p" | tail -n 1; }
        ask() {
            code=$(curl --silent --insecure --noproxy '*' --max-time 3 --output /dev/null --write-out '%{http_code}' \
                --url "$1")
            case $code in
                200) echo healthy ;;
                401 | 403) echo answers ;;
                [1-9][0-9][0-9]) echo "HTTP $code" ;;
                *) echo silent ;;
            esac
        }
        # By the process's own flags; each page must say that it is well.
        health() {
            command -v curl >/dev/null 2>&1 || { echo unasked; return; }
            case $component in
                etcd) port=0 pages='/health?exclude=NOSPACE' ;;
                kube-apiserver) port=6443 pages='/livez /readyz' ;;
                kube-scheduler) port=10259 pages=/healthz ;;
                *) port=10257 pages=/healthz ;;
            esac
            given=$(flag secure-port) host=$(flag bind-address) base=$(flag listen-metrics-urls)
            port=${given:-$port} base=${base%%,*}
            case $host in '' | 0.0.0.0 | ::) host=127.0.0.1 ;; *:*) host="[$host]" ;; esac
            [ "$component" = etcd ] || base=https://$host:$port
            [ -n "$base" ] && { [ "$component" = etcd ] || [ "$port" != 0 ]; } || { echo unasked; return; }
            for page in $pages; do
                said=$(ask "$base$page")
                [ "$said" = healthy ] || break
            done
            echo "$said"
        }
        is_well() {
            said=$(health)
            case $wanted in
                '') ;;
                any) case $said in healthy | answers | unasked) ;; *) return 1 ;; esac ;;
                *) [ "$said" = "$wanted" ] ;;
            esac
        }
        is_meant() {
            case $mode in
                restart) [ "$1" != "$old" ] ;;
                edited)
                    ticks=$(getconf CLK_TCK 2>/dev/null) || ticks=100
                    read -r up rest </proc/uptime
                    age=$((${up%%.*} - ${1#*.} / ticks))
                    # A second for what is rounded.
                    [ "$age" -le $(($(date +%s) - $(stat -c %Y -- "$manifest") + 1)) ] ;;
            esac
        }
        seconds() { read -r up rest </proc/uptime && echo "${up%%.*}"; }
        await() {
            end=$(($(seconds) + limit)) seen='' said='not running'
            while :; do
                now=$(seconds) pid=$(processes)
                case $pid in
                    '' | *[!0-9]*) found= ;;
                    *) found=$(identity "$pid") ;;
                esac
                if [ -n "$found" ] && is_meant "$found"; then
                    [ "$found" = "$seen" ] || { seen=$found since=$now; }
                    if is_well && [ $((now - since)) -ge "$stable" ]; then exit 0; fi
                else
                    seen='' said='not running'
                fi
                [ "$now" -lt "$end" ] || break
                sleep 1
            done
            echo "$component is not well after $limit seconds: $said; see its log in /var/log/pods" >&2
            exit 1
        }
        refuse() { echo "$1; nothing was changed" >&2; exit 1; }
        has_kubelet() { [ "$(systemctl show kubelet -p ActiveState)" = ActiveState=active ]; }
        case $mode in
            observe)
                if [ -f "$manifest" ]; then
                    digest=$(sha256sum <"$manifest") || exit
                    echo "manifest=${digest%% *}"
                else
                    echo manifest=absent
                fi
                state=$(systemctl show kubelet -p ActiveState) || exit
                echo "kubelet=${state#ActiveState=}"
                pid=$(processes)
                case $pid in
                    '') echo processes=0; echo health=none ;;
                    *[!0-9]*) echo "processes=$(printf '%s\n' "$pid" | grep -c .)"; echo health=none ;;
                    *) echo processes=1; echo "process=$(identity "$pid")"; echo "health=$(health)" ;;
                esac ;;
            restart)
                [ -f "$manifest" ] || refuse "there is no $manifest"
                has_kubelet || refuse 'the kubelet is not active'
                pid=$(processes)
                case $pid in '' | *[!0-9]*) refuse "$component does not run, or more than once" ;; esac
                old=$(identity "$pid") || refuse "$component has just ended"
                kill -TERM "$pid" || exit
                # Twice the time that the kubelet itself would give it.
                waited=0
                while [ "$(identity "$pid")" = "$old" ]; do
                    if [ "$waited" -eq 60 ]; then kill -KILL "$pid"; fi
                    [ "$waited" -lt 70 ] || { echo "$component does not end" >&2; exit 1; }
                    sleep 1
                    waited=$((waited + 1))
                done
                await ;;
            edited)
                has_kubelet || { echo 'the kubelet is not active: it does not see the manifest' >&2; exit 1; }
                await ;;
            returned) await ;;
        esac
        """#
}
