import CEL

extension FactGroup {
    /// The container runtime.
    static let runtime = FactGroup(
        "runtime", .message("Runtime"),
        "The container runtime.",
        messages: [
            "Runtime": [
                FactField("name", .string, "containerd, crio, docker or podman"),
                FactField("answers", .bool, "it answered within 1.5 s"),
                FactField("version", .string, "its version"),
                FactField("error", .string, "why it did not answer, else empty"),
                FactField(
                    "containers", .list(.message("Container")), "in any state; not known where there are more than 300"),
                FactField("images", .int, "images it keeps"),
                FactField("imageBytes", .int, "their sizes, added up"),
                FactField(
                    "reclaimableBytes", .int,
                    "of those that no container uses, are not pinned and not the sandbox image"),
                FactField("sandboxImage", .string, "the image of pods' sandboxes that it is set to"),
                FactField("sandboxPresent", .bool, "that image is there"),
            ],
            "Container": [
                FactField("name", .string, "name in its pod, or its own"),
                FactField("pod", .string, "name of its pod, empty outside of one"),
                FactField("namespace", .string, "namespace of its pod, empty outside of one"),
                FactField("state", .string, "running, exited, created, paused or unknown"),
                FactField("attempt", .int, "how many times it was made anew"),
            ],
        ],
        questions: [FactQuestion(runtimeScript, limit: 24 << 10, waits: 1.5, for: .runtime)])

    private static let runtimeScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        fail() {
          printf '=answers\tfalse\n=error\t%s\n' "$1"
          cause='the runtime did not answer'
          none version containers images imageBytes reclaimableBytes sandboxPresent
          exit 0
        }
        # The image of sandboxes, from what the caller found of it.
        sandbox() {
          if [ -n "$sandbox" ]; then printf '=sandboxImage\t%s\n' "$sandbox"
          else cause='nothing on the node names it'; none sandboxImage sandboxPresent; fi
        }
        none() { for field in "$@"; do printf '?%s\t%s\n' "$field" "$cause"; done; }
        first() { printf '%s\n' "$1" | tr -s '\t\n' '  ' | cut -c 1-250 | sed 's/ *$//'; }
        # What the kubelet is set to; where nothing says it and docker does not run, what crictl is.
        endpoint() {
          cat "$@" 2>/dev/null | tr -d "\"'" |
            sed -n 's/.*\(container-runtime-endpoint=\|containerRuntimeEndpoint: *\|^runtime-endpoint: *\)\([^ ]*\).*/\2/p' |
            head -n 1
        }
        kubelet="$root/var/lib/kubelet"
        set_to=$(endpoint "$kubelet/kubeadm-flags.env" "$root/etc/default/kubelet" "$root/etc/sysconfig/kubelet" \
          "$kubelet/config.yaml")
        [ -n "$set_to" ] || [ -e "$root/run/docker.pid" ] || set_to=$(endpoint "$root/etc/crictl.yaml")
        sandbox=$(sed -n 's/.*--pod-infra-container-image=\([^ "]*\).*/\1/p' "$kubelet/kubeadm-flags.env" 2>/dev/null |
          head -n 1)
        name= socket=
        case $set_to in
          *crio*) name=crio ;;
          *docker*) name=docker ;;
          *containerd*) name=containerd ;;
        esac
        if [ -z "$name" ]; then
          if [ -S "$root/run/crio/crio.sock" ]; then name=crio
          elif [ -e "$root/run/docker.pid" ]; then name=docker
          elif [ -S "$root/run/containerd/containerd.sock" ]; then name=containerd
          elif ! [ -e "$kubelet/config.yaml" ] && ! [ -e "$kubelet/kubeadm-flags.env" ] &&
            [ -d "$root/var/lib/containers/storage" ] && command -v podman >/dev/null 2>&1; then name=podman
          elif command -v crio >/dev/null 2>&1; then name=crio
          elif command -v dockerd >/dev/null 2>&1; then name=docker
          elif command -v containerd >/dev/null 2>&1; then name=containerd
          else
            cause='no container runtime was found'
            none name answers version error containers images imageBytes reclaimableBytes sandboxImage sandboxPresent
            exit
          fi
        fi
        printf '=name\t%s\n' "$name"

        # docker and podman: their clients show what is asked for, a line each.
        if [ "$name" = docker ] || [ "$name" = podman ]; then
          sandbox
          # A client of docker would start it through its socket.
          if [ "$name" = docker ]; then
            kill -0 "$(cat "$root/run/docker.pid" 2>/dev/null)" 2>/dev/null || fail 'dockerd does not run'
            version=$(timeout 1.5 docker version --format '{{.Server.Version}}' 2>&1) || fail "$(first "$version")"
          else
            version=$(timeout 1.5 podman version --format '{{.Client.Version}}' 2>&1) || fail "$(first "$version")"
          fi
          printf '=answers\ttrue\n=error\t\n=version\t%s\n' "$version"
          label() { printf '{{index .Config.Labels "io.kubernetes.%s"}}' "$1"; }
          all=$(timeout 1.5 "$name" ps -aq --no-trunc) || {
            cause='its containers were not listed in time'
            none containers images imageBytes reclaimableBytes
            exit
          }
          shown=
          if [ -n "$all" ]; then
            form="{{.Image}}$tab$(label container.name)$tab{{.Name}}$tab$(label pod.name)$tab$(label pod.namespace)"
            form="$form$tab{{.State.Status}}$tab$(label container.restartCount)"
            shown=$(timeout 1.5 "$name" inspect --type container --format "$form" $all 2>/dev/null)
          fi
          printf '%s\n' "$shown" | awk -F '\t' -v OFS='\t' '
            NF >= 6 && n++ < 300 {
              for (i = 1; i <= NF; i++) if ($i == "<no value>") $i = ""
              called = $3; sub(/^\//, "", called)
              # Names that the kubelet gives by dockershim: k8s_NAME_POD_NAMESPACE_UID_ATTEMPT.
              if (split(called, part, "_") == 6 && part[1] == "k8s") {
                called = part[2]; $4 = part[3]; $5 = part[4]; $7 = part[6]
              }
              print "+containers", ($2 == "" ? called : $2), $4, $5, $6, ($7 == "" ? 0 : $7)
            }
            END { if (n > 300) print "?containers\tthere are " n; else print ".containers" }'
          ids=$(timeout 1.5 "$name" images -aq --no-trunc 2>/dev/null | sort -u)
          sizes=
          form="{{.Id}}$tab{{.Size}}$tab{{.RepoTags}}"
          [ -z "$ids" ] || sizes=$(timeout 1.5 "$name" image inspect --format "$form" $ids 2>/dev/null)
          { printf '%s\n' "$shown" | sed "s/^/used$tab/"; printf '%s\n' "$sizes"; } | awk -F '\t' -v sandbox="$sandbox" '
            function plain(id) { sub(/^sha256:/, "", id); return id }
            $1 == "used" { used[plain($2)]; next }
            NF < 2 { next }
            {
              images++; bytes += $2; tags = " " substr($3, 2, length($3) - 2) " "
              if (sandbox != "" && index(tags, " " sandbox " ")) present = 1
              else if (!(plain($1) in used)) free += $2
            }
            END {
              printf "=images\t%d\n=imageBytes\t%.0f\n=reclaimableBytes\t%.0f\n", images, bytes, free
              if (sandbox != "") print "=sandboxPresent\t" (present ? "true" : "false")
            }'
          exit
        fi

        case $set_to in
          unix://*) socket=${set_to#unix://} ;;
          /*) socket=$set_to ;;
          *) case $name in crio) socket=/run/crio/crio.sock ;; *) socket=/run/containerd/containerd.sock ;; esac ;;
        esac
        if [ "$name" = containerd ]; then
          sandbox=$(tr "'" '"' 2>/dev/null <"$root/etc/containerd/config.toml" |
            sed -n 's/^ *sandbox\(_image\)\{0,1\} *= *"\([^"]*\)".*/\2/p' | head -n 1)
        else
          sandbox=$(cat "$root/etc/crio/crio.conf" "$root"/etc/crio/crio.conf.d/*.conf 2>/dev/null |
            sed -n 's/^ *pause_image *= *"\([^"]*\)".*/\1/p' | tail -n 1)
        fi
        if ! [ -S "$root$socket" ]; then
          sandbox
          fail "there is no socket $socket"
        fi
        if ! command -v crictl >/dev/null 2>&1; then
          sandbox
          cause='crictl is not installed'
          none containers images imageBytes reclaimableBytes sandboxPresent
          if [ "$name" = containerd ] && command -v ctr >/dev/null 2>&1; then
            said=$(timeout 1.5 ctr --address "$socket" version 2>&1) || {
              [ $? != 124 ] || said='no answer in time'
              printf '=answers\tfalse\n=error\t%s\n' "$(first "$said")"
              exit 0
            }
            printf '=answers\ttrue\n=error\t\n'
            printf '%s\n' "$said" |
              awk '/^Server/ { server = 1 } server && $1 == "Version:" { print "=version\t" $2; exit }'
          else
            none answers version error
          fi
          exit
        fi
        cri() { timeout 1.5 crictl --runtime-endpoint "unix://$root$socket" --image-endpoint "unix://$root$socket" "$@"; }
        said=$(cri version 2>&1) || { [ $? = 124 ] && said="no answer in time $said"; fail "$(first "$said")"; }
        printf '=answers\ttrue\n=error\t\n'
        printf '%s\n' "$said" | awk '$1 == "RuntimeVersion:" { print "=version\t" $2; exit }'
        [ -n "$sandbox" ] || sandbox=$(cri info 2>/dev/null | awk '
          $1 == "\"sandboxImage\":" || $1 == "\"sandbox\":" {
            gsub(/[",]/, "", $2)
            if ($2 != "" && $2 != "{") { print $2; exit }
          }')
        sandbox
        containers=$(cri ps -a -o json 2>/dev/null) || {
          cause='its containers were not listed in time'
          none containers reclaimableBytes
          containers=
        }
        [ -z "$containers" ] || printf '%s\n' "$containers" | awk -v OFS='\t' '
          function text(line) { sub(/^[^:]*: */, "", line); gsub(/^"|"?,?$/, "", line); return line }
          function flush() {
            if (id && n++ < 300) print "+containers", name, pod, namespace, state, attempt
            id = name = pod = namespace = state = attempt = ""
          }
          /^ *"containers":/ { seen = 1 }
          /^ *"podSandboxId":/ { flush(); id = 1 }
          /^ *"attempt":/ { attempt = text($0) }
          /^        "name":/ { name = text($0) }
          /^      "state":/ { state = tolower(text($0)); sub(/^container_/, "", state) }
          /^ *"io.kubernetes.pod.name":/ { pod = text($0) }
          /^ *"io.kubernetes.pod.namespace":/ { namespace = text($0) }
          END {
            flush()
            if (n > 300) print "?containers\tthere are " n; else if (seen) print ".containers"
          }'
        images=$(cri images -o json 2>/dev/null) || {
          cause='its images were not listed in time'
          none images imageBytes reclaimableBytes sandboxPresent
          exit
        }
        {
          printf '%s\n' "$containers" | sed -n 's/^ *"\(imageRef\|image\|imageId\)": *"\(.*\)".*/used \2/p'
          printf '%s\n' "$images"
        } |
          awk -v sandbox="$sandbox" -v known="${containers:+1}" '
          function text(line) { sub(/^[^:]*: */, "", line); gsub(/^"|"?,?$/, "", line); return line }
          function flush() {
            if (!any) return
            images++; bytes += size
            if (isSandbox) present = 1
            else if (!isUsed && !pinned) free += size
            any = isUsed = pinned = isSandbox = size = 0
          }
          function called(name) { if (name in used) isUsed = 1; if (sandbox != "" && name == sandbox) isSandbox = 1 }
          $1 == "used" { used[$2]; next }
          /^ *"images":/ { seen = 1 }
          /^      "id":/ { flush(); any = 1; called(text($0)) }
          /^      "size":/ { size = text($0) }
          /^      "pinned": *true/ { pinned = 1 }
          /^ *"[^"]*",?$/ { name = $0; gsub(/^ *"|",?$/, "", name); called(name) }
          END {
            flush()
            if (!seen) exit
            printf "=images\t%d\n=imageBytes\t%.0f\n", images, bytes
            if (known) printf "=reclaimableBytes\t%.0f\n", free
            if (sandbox != "") print "=sandboxPresent\t" (present ? "true" : "false")
          }'
        """#
}
