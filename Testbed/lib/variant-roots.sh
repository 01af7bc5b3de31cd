# shellcheck shell=bash disable=SC2034 # the arrays are read by the files that source this one
# The roots of the nodes that differ (variants.sh). Each is the normal root's configuration, and then the variant's own,
# made on a stack of its own: the base of a Debian release, and a layer with the packages that only this variant has.

VARIANTS=(trixie plain legacy sudo full docker podman)

variant_suite() { if [[ "$1" == trixie ]]; then echo trixie; else echo "$NODE_SUITE"; fi; }

variant_packages() {
    case "$1" in
        sudo) echo tcsh ;;
        docker) echo docker.io ;;
        podman) echo podman ;;
    esac
}

# --- Where each part lies in the cache

packages_path() { # packages_path NAME…
    echo "$CACHE/packages-$({ base_digest "$NODE_SUITE"; printf '%s\n' "$@"; } | sha256sum | cut -c1-16)"
}

variant_layer_path() {
    local digest
    digest="$({
        layer_digest
        variant_lower "$1"
        cat "$TESTBED_DIR/lib/variant-roots.sh"
        cd "$TESTBED_DIR" && find "rootfs-$1" rootfs-engine -type f -print0 2>/dev/null |
            LC_ALL=C sort -z | xargs -0r sha256sum
    } | sha256sum | cut -c1-16)"
    echo "$CACHE/layer-$1-$digest"
}

# What lies below a variant's own layer, as an overlay's lowerdir.
variant_lower() {
    local packages
    packages="$(variant_packages "$1")"
    echo "${packages:+$(packages_path "$packages")/upper:}$(suite_base_path "$(variant_suite "$1")")"
}

node_layer() {
    if is_variant "$1"; then variant_layer_path "$1"; elif is_kube "$1"; then kube_layer_path; else layer_path; fi
}

node_layers() { # the whole stack of a node's root, topmost first
    if is_variant "$1"; then
        echo "$(node_layer "$1")/upper:$(variant_lower "$1")"
    elif is_kube "$1"; then
        kube_layers
    else
        echo "$(layer_path)/upper:$(base_path)"
    fi
}

# --- Building

build_variant_roots() {
    local variant suite packages
    for variant in $(variant_names); do
        suite="$(variant_suite "$variant")"
        packages="$(variant_packages "$variant")"
        build_cached "$(suite_base_path "$suite")" build_base "$suite"
        if [[ -n "$packages" ]]; then build_cached "$(packages_path "$packages")" build_packages "$packages"; fi
        build_cached "$(variant_layer_path "$variant")" build_variant "$variant"
    done
}

build_packages() { build_upper "$1" "$(base_path)" add_packages "${@:2}"; } # build_packages FOLDER NAME…

# Services do not start on installation: invoke-rc.d asks policy-rc.d first.
add_packages() { # add_packages ROOT NAME…
    local root="$1"
    shift
    mount -t proc proc "$root/proc"
    cp --remove-destination /etc/resolv.conf "$root/etc/resolv.conf"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    chroot "$root" apt-get -q update
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -q -y install --no-install-recommends "$@"
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    rm "$root/usr/sbin/policy-rc.d"
}

build_variant() { build_upper "$1" "$(variant_lower "$2")" configure_variant "$2"; } # build_variant FOLDER VARIANT

configure_variant() { # configure_variant ROOT VARIANT
    configure_root "$1"
    if [[ -d "$TESTBED_DIR/rootfs-$2" ]]; then cp -a --no-preserve=ownership "$TESTBED_DIR/rootfs-$2/." "$1/"; fi
    if declare -F "configure_$2" >/dev/null; then "configure_$2" "$1"; fi
}

# A real, small init: it starts sshd again when it ends, and reaps what is orphaned. Nothing of systemd's can be called.
configure_plain() {
    local name
    cp "$(command -v busybox)" "$1/usr/local/sbin/busybox"
    for name in init reboot poweroff halt; do ln -sf /usr/local/sbin/busybox "$1/sbin/$name"; done
    rm "$1"/bin/{systemctl,systemd-run,journalctl} "$1/lib/systemd/systemd"
}

configure_legacy() {
    local family
    for family in iptables ip6tables; do
        chroot "$1" update-alternatives --set "$family" "/usr/sbin/$family-legacy"
    done
}

configure_sudo() {
    chroot "$1" chsh -s /bin/tcsh ops
    chroot "$1" chown ops:ops /home/ops/.cshrc /home/ops/.profile
}

configure_docker() { configure_engine "$1" docker; }

configure_podman() {
    chroot "$1" systemctl disable containerd
    configure_engine "$1" podman
}

configure_engine() { # configure_engine ROOT docker|podman
    cp -a --no-preserve=ownership "$TESTBED_DIR/rootfs-engine/." "$1/"
    echo "$2" >"$1/etc/testbed/engine"
}
