# shellcheck shell=bash
# The images of the cluster's nodes, made once: the control plane's programs, kube-proxy with what it runs, and the images
# of every node. Each kind of node has a containerd store that holds its own. Those of the workers can be pulled again, since
# a kubelet without room removes even the sandbox's.

kube_images() { # kube_images control-plane|worker: lines of NAME KIND [FOLDER]
    local name programs
    programs="$(kubernetes_path)/images"
    echo "$REGISTRY_ADDRESS/pause:3.2 pulled"
    echo "$REGISTRY_ADDRESS/kube-proxy:v$(kubernetes_version) pulled $programs/kube-proxy"
    if [[ "$1" == worker ]]; then
        printf '%s\n' "$REGISTRY_ADDRESS/web:1 pulled"
        grep -v /pause: <<<"$NODE_IMAGES"
        return
    fi
    for name in kube-apiserver kube-controller-manager kube-scheduler; do
        echo "$REGISTRY_ADDRESS/$name:v$(kubernetes_version) tag $programs/$name"
    done
    echo "$REGISTRY_ADDRESS/etcd:$(etcd_version) tag $programs/etcd"
}

kube_images_path() {
    echo "$CACHE/kube-images-$({
        kube_images control-plane
        kube_images worker
        kube_layer_path
        images_digest
        cat "$TESTBED_DIR/lib/kubernetes-images.sh"
    } | sha256sum | cut -c1-16)"
}

build_kube_images() {
    local kind arguments scratch="$1/scratch"
    mkdir "$scratch" "$scratch/root" "$scratch/upper" "$scratch/work" "$scratch/libc" "$scratch/iptables"
    mount -t overlay overlay -o "lowerdir=$(kube_lower),upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
    # Debian's etcd is linked with libc. kube-proxy runs iptables and conntrack of its own image, whose matches are libraries.
    take_from "$scratch/root" "$scratch/libc" "libraries /bin/true"
    take_from "$scratch/root" "$scratch/iptables" '
        ls /usr/sbin/{xtables-nft-multi,iptables,iptables-save,iptables-restore,ip6tables,ip6tables-save,ip6tables-restore}
        ls /usr/sbin/{conntrack,ipset} /usr/lib/*/xtables/*.so /etc/protocols /etc/services
        libraries /usr/sbin/{xtables-nft-multi,conntrack,ipset} /usr/lib/*/xtables/*.so'
    umount "$scratch/root"
    for kind in control-plane worker; do
        mkdir -p "$1/$kind/containerd" "$1/$kind/share" "$1/$kind/scratch"
        mapfile -t arguments < <(kube_images "$kind" | awk '{ print $1 ($3 ? "=" $3 : "") }')
        arguments=("${arguments[@]/%\/images\/kube-proxy//images/kube-proxy:$scratch/iptables}")
        arguments=("${arguments[@]/%\/images\/etcd//images/etcd:$scratch/libc}")
        "$TESTBED_DIR/make-images" "$1/$kind/scratch/layout" "${arguments[@]}"
        tar -C "$1/$kind/scratch/layout" -cf "$1/$kind/share/images.tar" .
        kube_images "$kind" | cut -d' ' -f1,2 >"$1/$kind/share/images.list"
        if [[ "$kind" == worker ]]; then
            mkdir "$1/$kind/registry"
            unshare --net "$TESTBED_DIR/belay-testbed" build-step fill_registry "$1/$kind"
        fi
        unshare --pid --fork --kill-child --mount-proc "$TESTBED_DIR/belay-testbed" build-step fill_containerd "$1/$kind"
        rm -rf "$1/$kind/scratch" "$1/$kind/share/images.tar"
    done
    rm -rf "$scratch"
}

# Copies the files that a script names, and what its function `libraries` finds that programs load.
take_from() { # take_from ROOT FOLDER SCRIPT
    # shellcheck disable=SC2016 # expanded in the root
    chroot "$1" bash -ec 'libraries() { ldd "$@" | awk "\$2 == \"=>\" { print \$3 } \$2 ~ /^[(]/ { print \$1 }" | grep ^/; }
        '"$3" | sort -u | sed 's,^/,,' | tar -C "$1" -h -cf - -T - | tar -C "$2" -xf -
}
