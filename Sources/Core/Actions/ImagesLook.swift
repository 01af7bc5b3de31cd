extension ImageRuntimesFound {
    /// What runtimes and which kubelet are there: `KEY=VALUE` lines.
    static let probe = Command.shell(look, ["probe"])

    /// Which registries answer, of those that the images of a client (or of all) come from: a host a line.
    static func registries(of clients: [ImageClient], namespace: String) -> Command {
        .shell(look, ["registries", namespace] + clients.map(\.rawValue))
    }

    /// A question of a runtime's client, answered with nothing where its runtime is not there.
    static func ask(_ client: ImageClient, _ question: [String]) -> Command {
        .shell(look, [client.rawValue] + question)
    }

    /// Usage: `probe`, or `registries NAMESPACE CLIENT…`, or `CLIENT COMMAND…`.
    private static let look: StaticString = #"""
        set -f
        have() { command -v "$1" >/dev/null 2>&1; }

        # The arguments of a process of that name, a line each; one in a container is another machine's.
        arguments() (
            set +f
            here=$(readlink /proc/self/ns/pid)
            for dir in /proc/[0-9]*; do
                { read -r comm <"$dir/comm"; } 2>/dev/null || continue
                [ "$comm" = "$1" ] && [ "$(readlink "$dir/ns/pid")" = "$here" ] || continue
                tr '\0' '\n' <"$dir/cmdline"
                exit 0
            done
            exit 1
        )
        option() { printf '%s\n' "$1" | sed -n -e "s/^--$2=//p" -e "/^--$2\$/{n;p;}" | tail -n 1; }
        yaml() { sed -n "s/^$2: *//p" "$1" 2>/dev/null | tr -d "\"' \r" | head -n 1; }
        as_url() {
            case $1 in
                /*) echo "unix://$1" ;;
                *) echo "$1" ;;
            esac | sed 's#^unix:///var/run/#unix:///run/#'
        }

        # Without its process a kubelet is what kubeadm's files say.
        kubelet=yes
        kubelet_arguments() {
            arguments kubelet && return
            cat /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet 2>/dev/null | tr ' "' '\n\n'
            [ -e /var/lib/kubelet/config.yaml ] || [ -e /var/lib/kubelet/kubeadm-flags.env ]
        }
        find_endpoint() {
            words=$(kubelet_arguments) || kubelet=no
            config=$(option "$words" config)
            told=$(option "$words" container-runtime-endpoint)
            [ -n "$told" ] || told=$(yaml "${config:-/var/lib/kubelet/config.yaml}" containerRuntimeEndpoint)
            told=$(as_url "$told")
            endpoint=$told
            [ -n "$endpoint" ] || endpoint=$(as_url "$(yaml /etc/crictl.yaml runtime-endpoint)")
            for path in containerd/containerd crio/crio cri-dockerd k3s/containerd/containerd; do
                [ -n "$endpoint" ] || ! [ -S "/run/$path.sock" ] || endpoint=unix:///run/$path.sock
            done
            socket=${endpoint#unix://}
            export endpoint socket
        }

        # A client that is merely asked may start its daemon (docker.socket) or make its store (podman): that is no read.
        lives() {
            have "$1" || return
            case $1 in
                docker) [ "$(cat "/proc/$(cat /run/docker.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ] ;;
                podman) [ -d /var/lib/containers/storage ] ;;
                crictl) find_endpoint; [ -S "$socket" ] ;;
                ctr) [ -S /run/containerd/containerd.sock ] ;;
            esac
        }

        probe() {
            find_endpoint
            for client in docker podman crictl ctr; do
                if lives $client; then echo "$client=yes"; else echo "$client=no"; fi
            done
            printf '%s\n' "kubelet=$kubelet" "kubelet.endpoint=$told" "endpoint=$endpoint" \
                "kubelet.runtime=$(option "$words" container-runtime)" \
                "kubelet.sandbox=$(option "$words" pod-infra-container-image)" \
                "dockerd.sandbox=$(option "$(arguments cri-dockerd)" pod-infra-container-image)"
        }

        repositories() {
            case $1 in
                docker) docker image ls --format '{{.Repository}}' ;;
                podman) podman images --format '{{.Repository}}' ;;
                crictl) crictl -r "$endpoint" -i "$endpoint" images -o json | grep -o '"[^" ]*@sha256:' | tr -d '"' ;;
                ctr) ctr -n "$namespace" images ls -q ;;
            esac 2>/dev/null
        }
        hosts() {
            for client; do if lives "$client"; then repositories "$client"; fi; done | while read -r name; do
                case $name in
                    '<none>' | sha256:*) continue ;;
                    */*) host=${name%%/*} ;;
                    *) host= ;;
                esac
                case $host in
                    *.* | *:* | localhost) echo "$host" ;;
                    *) echo docker.io ;;
                esac
            done | grep -Ex '[A-Za-z0-9.-]+(:[0-9]+)?' | sort -u | head -n 16
        }
        answers() {
            at=$1
            if [ "$at" = docker.io ]; then at=registry-1.docker.io; fi
            for scheme in https http; do
                case $(curl -s -k -o /dev/null -m 4 -w '%{http_code}' "$scheme://$at/v2/" 2>/dev/null) in
                    200 | 401) echo "$1"; return ;;
                esac
            done
        }

        what=$1
        shift
        case $what in
            probe) probe ;;
            registries)
                namespace=$1
                shift
                if have curl; then for host in $(hosts "$@"); do answers "$host" & done; fi
                wait
                ;;
            *)
                lives "$what" || exit 0
                exec "$@"
                ;;
        esac
        """#
}
