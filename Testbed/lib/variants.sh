# shellcheck shell=bash disable=SC2154 # the arrays are set by variant-roots.sh
# Nodes that each differ from the others in one thing and are named after it: what they boot with, and who logs in there.
# What is in their roots is variant-roots.sh's.

is_variant() { [[ " ${VARIANTS[*]} " == *" $1 "* ]]; }

# The last part of the address, after those of node-1 .. node-200. It depends on the name alone.
variant_number() {
    local i
    for i in "${!VARIANTS[@]}"; do
        if [[ "${VARIANTS[i]}" == "$1" ]]; then echo $((231 + i)); fi
    done
}

variant_names() { if [[ -f "$STATE/variants" ]]; then cat "$STATE/variants"; fi; }

check_variants() { # check_variants LIST|all: names with commas between them
    local name
    if [[ "$1" == all ]]; then return; fi
    for name in ${1//,/ }; do
        is_variant "$name" || usage_error "there is no variant '$name'; variants are: ${VARIANTS[*]}"
    done
}

# Those asked for are added to those that are up.
record_variants() {
    local name asked
    asked=" ${1//,/ } $(variant_names | xargs) "
    if [[ "$1" == all ]]; then asked=" ${VARIANTS[*]} "; fi
    for name in "${VARIANTS[@]}"; do
        if [[ "$asked" == *" $name "* ]]; then echo "$name"; fi
    done | write_file "$STATE/variants"
}

node_user() { if [[ "$1" == sudo ]]; then echo ops; else echo root; fi; }

inventory_line() {
    local user=""
    if [[ "$(node_user "$1")" != root ]]; then user="user: $(node_user "$1"), "; fi
    echo "- {name: $1, address: $(node_address "$1"), ${user}roles: [worker], pool: variants}"
}

# --- Booting

# What nspawn gets besides what all nodes do, one a line. The stores of container engines are bound from plain folders,
# since their overlays cannot lie on an overlay.
boot_options() { # boot_options NODE FOLDER
    case "$1" in
        plain) echo /sbin/init ;;
        full) printf '%s\n' --boot "--bind=$2/small:/var/lib" ;;
        docker) printf '%s\n' --boot "--bind=$2/containerd:/var/lib/containerd" "--bind=$2/engine:/var/lib/docker" ;;
        podman) printf '%s\n' --boot "--bind=$2/engine:/var/lib/containers" ;;
        kube-1) printf '%s\n' --boot "--bind=$2/containerd:/var/lib/containerd" --bind=/dev/kmsg ;;
        kube-*) printf '%s\n' --boot "--bind=$2/small:/var/lib" --bind=/dev/kmsg ;;
        *) printf '%s\n' --boot "--bind=$2/containerd:/var/lib/containerd" ;;
    esac
}

make_stores() { # make_stores NODE FOLDER: docker and podman pull their images when they first boot
    case "$1" in
        plain | full | kube-[23]) ;;
        docker | podman) mkdir "$2/containerd" "$2/engine" ;;
        kube-1) cp -a "$(kube_images_path)/control-plane/containerd" "$2/containerd" ;;
        *) cp -a "$(images_path)/containerd" "$2/containerd" ;;
    esac
}

# A node of the cluster has a kubelet once it has joined.
has_no_services() {
    case "$1" in
        plain) true ;;
        full) disk_is_filled full ;;
        kube-*) ! in_node "$1" test -f /etc/kubernetes/kubelet.conf ;;
        *) false ;;
    esac
}

runtime_answers() {
    case "$1" in
        docker | podman) in_node "$1" timeout 5 "$1" ps ;;
        *) in_node "$1" timeout 3 ctr version ;;
    esac
}
