# shellcheck shell=bash
# The cached root of a node, in two layers: `base-DIGEST` (debootstrap: slow, depends on the package list) and
# `layer-DIGEST` (users, units, configuration: quick, depends on our files). Complete once it bears its name.

CACHE_FORMAT=1

base_digest() { # base_digest SUITE
    printf '%s\n' "$CACHE_FORMAT" "$1" "${PACKAGES_NODE[@]}" | sha256sum | cut -c1-16
}

layer_digest() {
    {
        base_digest "$NODE_SUITE"
        cat "$TESTBED_DIR/lib/root.sh"
        cd "$TESTBED_DIR/rootfs" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-16
}

suite_base_path() { echo "$CACHE/base-$(base_digest "$1")"; }
base_path() { suite_base_path "$NODE_SUITE"; }
layer_path() { echo "$CACHE/layer-$(layer_digest)"; }

# Runs a build command once, which others wait for; what a killed build left in the same folder is thrown away.
# Usage: build_cached FINISHED-PATH BUILD-FUNCTION ARGUMENT… (it gets an empty folder before its arguments)
build_cached() {
    local finished="$1" folder
    folder="$(dirname "$1")"
    if [[ -d "$finished" ]]; then return; fi
    mkdir -p "$folder"
    (
        exec {lock}>"$folder/lock"
        flock "$lock" || die "cannot lock $folder/lock"
        if [[ -d "$finished" ]]; then exit 0; fi
        say "building $finished (once)"
        # A mount namespace of its own: however the build ends, no mount stays. The build keeps the lock open, so when
        # this shell is killed, the next `up` waits for the build instead of working against it.
        unshare --mount --propagation private "$TESTBED_DIR/belay-testbed" build-step build_whole "$@" \
            >"$folder/build.log" 2>&1 || die "the build failed; the last lines of $folder/build.log:
$(tail -n 15 "$folder/build.log")"
    )
}

build_whole() { # build_whole FINISHED-PATH BUILD-FUNCTION ARGUMENT…
    rm -rf --one-file-system "$(dirname "$1")"/*.building
    mkdir "$1.building"
    "$2" "$1.building" "${@:3}"
    mv "$1.building" "$1"
}

build_base() { # build_base FOLDER [SUITE]
    local list
    list="$(IFS=,; echo "${PACKAGES_NODE[*]}")"
    debootstrap --variant=minbase --include="$list" "${2:-$NODE_SUITE}" "$1" "$NODE_MIRROR"
    rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/etc/ssh/ssh_host_*
}

# The layer is the upper folder of an overlay on the base, written to by the configuration below.
build_layer() { build_upper "$1" "$(base_path)" configure_root; }

build_upper() { # build_upper FOLDER LOWER-FOLDERS FUNCTION ARGUMENT… (it gets the root before its arguments)
    mkdir "$1/upper" "$1/work" "$1/root"
    mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
    "$3" "$1/root" "${@:4}"
    umount -R "$1/root"
    rm -rf "$1/work" "$1/root"
}

configure_root() {
    cp -a --no-preserve=ownership "$TESTBED_DIR/rootfs/." "$1/"
    chmod 440 "$1/etc/sudoers.d/testbed"
    mkdir -p "$1/etc/testbed" "$1/etc/kubernetes/manifests" "$1/root/.ssh" "$1/usr/local/share/testbed"
    cp "$1/var/lib/kubelet/config.yaml" "$1/usr/local/share/testbed/kubelet-config.yaml"
    : >"$1/etc/resolv.conf"
    chmod 700 "$1/root/.ssh"
    add_users "$1"
    # Tests start one of their own.
    chroot "$1" systemctl disable etcd
    chroot "$1" systemctl enable ssh containerd kubelet node-status-stand-in testbed-prepare testbed-app
    mask_what_is_useless "$1"
}

# `ops` may do anything without a password, `asks` is asked for one.
add_users() {
    local user
    for user in ops asks; do
        chroot "$1" useradd --create-home --shell /bin/bash "$user"
        install -d -m 700 "$1/home/$user/.ssh"
        chroot "$1" chown "$user:$user" "/home/$user/.ssh"
    done
    echo 'asks:only-for-the-testbed' | chroot "$1" chpasswd
}

mask_what_is_useless() {
    chroot "$1" systemctl mask \
        apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
        fstrim.timer console-getty.service getty.target systemd-networkd.service systemd-timesyncd.service \
        systemd-update-utmp.service systemd-update-utmp-runlevel.service \
        systemd-firstboot.service systemd-pstore.service modprobe@.service
}
