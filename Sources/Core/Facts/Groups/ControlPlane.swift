import CEL

extension FactGroup {
    /// Static pods and the components of the control plane; maps are empty on a worker.
    static let controlPlane = FactGroup(
        "controlPlane", .message("ControlPlane"),
        "Static pods and the components of the control plane; maps are empty on a worker.",
        messages: [
            "ControlPlane": [
                FactField(
                    "manifests", .map(.string, .message("Manifest")),
                    "/etc/kubernetes/manifests, by name of the file without .yaml"),
                FactField(
                    "components", .map(.string, .message("Component")),
                    "containers of these manifests, and of those that every control plane has"),
                FactField(
                    "schedulerHealthz", .int,
                    "HTTP status of https://127.0.0.1:10259/healthz; 0 = nobody is there; not known after a second"),
                FactField(
                    "controllerManagerHealthz", .int,
                    "HTTP status of https://127.0.0.1:10257/healthz; 0 = nobody is there; not known after a second"),
            ],
            "Manifest": [
                FactField("sha256", .string, "digest of the file"),
                FactField("modifiedAt", .timestamp, "when it was changed last"),
            ],
            "Component": [
                FactField("state", .string, "running, exited or missing"),
                FactField("attempt", .int, "how many times it was made anew"),
                FactField("exitCode", .int, "with what its last container that ended did; not known when none has"),
                FactField(
                    "lines", .list(.string),
                    "the last lines of its newest log, six, and up to six before them that tell of an error: usage may stand between"
                ),
            ],
        ],
        questions: [FactQuestion(controlPlaneScript, limit: 16 << 10, waits: 1.5, for: .runtime)])

    private static let controlPlaneScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        manifests="$root/etc/kubernetes/manifests"
        names=
        for file in "$manifests"/*; do
          [ -f "$file" ] || continue
          name=${file##*/} name=${name%.yaml}
          names="$names $name"
          printf '+manifests\t%s\t%s\t%s\n' "$name" "$(sha256sum <"$file" | cut -c 1-64)" "$(stat -c %Y "$file")"
        done
        printf '.manifests\n'
        isControlPlane=
        [ -e "$root/etc/kubernetes/admin.conf" ] && isControlPlane=1
        for name in $names; do
          case $name in kube-apiserver|etcd|kube-scheduler|kube-controller-manager) isControlPlane=1 ;; esac
        done
        unasked() { for field in schedulerHealthz controllerManagerHealthz; do printf '?%s\t%s\n' "$field" "$1"; done; }
        if [ -z "$isControlPlane" ] && [ -z "$names" ]; then
          unasked 'it is no node of the control plane'
          printf '.components\n'
          exit
        fi
        wanted=$(printf '%s\n' $names ${isControlPlane:+kube-apiserver etcd kube-scheduler kube-controller-manager} | sort -u |
          head -n 10)
        healthz() {
          code=$(curl --silent --insecure --noproxy '*' --max-time 1 --output /dev/null --write-out '%{http_code}' \
            "https://127.0.0.1:$2/healthz")
          case $?$code in
            28*) printf '?%s\tno answer came in a second\n' "$1" ;;
            *[0-9][0-9][0-9]) printf '=%s\t%s\n' "$1" "${code#00}" ;;
          esac
        }
        if [ -z "$isControlPlane" ]; then
          unasked 'it is no node of the control plane'
        elif command -v curl >/dev/null 2>&1; then
          healthz schedulerHealthz 10259 &
          healthz controllerManagerHealthz 10257 &
        else
          unasked 'curl is not installed'
        fi

        # A line for each container, the newest of a component first: its name, pod, state, attempt, ID.
        cri= listed= cause=
        set -- "$root/var/lib/kubelet/kubeadm-flags.env" "$root/var/lib/kubelet/config.yaml"
        [ -e "$root/run/docker.pid" ] || set -- "$@" "$root/etc/crictl.yaml"
        endpoint=$(cat "$@" 2>/dev/null | tr -d "\"'" |
          sed -n 's/.*\(container-runtime-endpoint=\|containerRuntimeEndpoint: *\|^runtime-endpoint: *\)\([^ ]*\).*/\2/p' |
          head -n 1)
        [ -n "$endpoint" ] || for socket in /run/crio/crio.sock /run/containerd/containerd.sock; do
          if [ -S "$root$socket" ] && ! [ -e "$root/run/docker.pid" ]; then endpoint="unix://$socket"; break; fi
        done
        case $endpoint in /*) endpoint="unix://$endpoint" ;; esac
        case $endpoint in
          *docker*|'') client=docker ;;
          *) client=crictl ;;
        esac
        if ! command -v $client >/dev/null 2>&1; then cause="$client is not installed"
        elif [ $client = crictl ]; then
          cri="timeout 1.5 crictl --runtime-endpoint $endpoint"
          found=$($cri ps -a -o json 2>/dev/null) && listed=$(printf '%s\n' "$found" | awk '
            function text(line) { sub(/^[^:]*: */, "", line); gsub(/^"|"?,?$/, "", line); return line }
            function flush() {
              if (id != "" && namespace == "kube-system") print name, pod, state, attempt, id
              id = ""
            }
            /^      "id":/ { flush(); id = text($0); name = pod = state = namespace = ""; attempt = 0 }
            /^ *"attempt":/ { attempt = text($0) }
            /^        "name":/ { name = text($0) }
            /^      "state":/ { state = text($0) }
            /^ *"io.kubernetes.pod.name":/ { pod = text($0) }
            /^ *"io.kubernetes.pod.namespace":/ { namespace = text($0) }
            END { flush(); print "end" }')
        elif kill -0 "$(cat "$root/run/docker.pid" 2>/dev/null)" 2>/dev/null; then
          cri='timeout 1.5 docker'
          found=$($cri ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.Status}}' 2>/dev/null) &&
            listed=$(printf '%s\n' "$found" | awk '
            split($1, part, "_") == 6 && part[1] == "k8s" && part[2] != "POD" && part[4] == "kube-system" {
              print part[2], part[3], ($3 == "Up" ? "CONTAINER_RUNNING" : "CONTAINER_EXITED"), part[6], $2 }
            END { print "end" }')
        else cause='dockerd does not run'
        fi
        [ -n "$listed" ] || printf '?components.state\t%s\n' "${cause:=the runtime did not answer}"
        for name in $wanted; do
          state= attempt="?$cause" code="?$cause"
          if [ -n "$listed" ]; then
            mine=$(printf '%s\n' "$listed" |
              awk -v name="$name" '$1 == name || index($2, name "-") == 1' | sort -k 4,4nr)
            ended=$(printf '%s\n' "$mine" | awk '$3 == "CONTAINER_EXITED" { print $5; exit }')
            attempt=$(printf '%s\n' "$mine" | awk 'NF { print $4; exit }')
            case $mine in
              *CONTAINER_RUNNING*) state=running ;;
              *CONTAINER_*) state=exited ;;
              *) state=missing attempt='?it has no container' ;;
            esac
            code='?no container of it has ended'
            [ -z "$ended" ] || code=$($cri inspect "$ended" 2>/dev/null |
              sed -n 's/^ *"[eE]xitCode": *\(-\{0,1\}[0-9]*\).*/\1/p' | head -n 1)
          fi
          printf '+components\t%s\t%s\t%s\t%s\n' "$name" "$state" "$attempt" "$code"
          log=$(ls -t "$root/var/log/pods/kube-system_$name"-*/*/*.log 2>/dev/null | head -n 1)
          # The runtime puts a time, a stream and a mark before each line; of a long one the reason stands at its end.
          [ -z "$log" ] || tail -c 65536 "$log" | sed 's/^[^ ]* std[a-z]* [FP] //' | awk '
            { line[NR] = length($0) > 300 ? substr($0, 1, 95) " ... " substr($0, length($0) - 199) : $0 }
            END {
              for (i = NR - 6; i > 0 && n < 6; i--)
                if (line[i] ~ /^[EF][0-9][0-9]|^[Ee]rror|[Ee]rror:|invalid argument|unknown flag|panic|fatal/) kept[++n] = i
              for (i = n; i > 0; i--) print line[kept[i]]
              for (i = (NR > 6 ? NR - 5 : 1); i <= NR; i++) print line[i]
            }' |
            sed "s/^/+components.lines$tab$name$tab/"
        done
        printf '.components\n'
        wait
        """#
}
