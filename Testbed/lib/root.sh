# shellcheck shell=bash
# The cached root of a node, in two layers: `base-DIGEST` (debootstrap: slow, depends on the package list) and
# `layer-DIGEST` (users, units, configuration: quick, depends on our files). Complete once it bears its name.

CACHE_FORMAT=1

base_digest() {
    printf '%s\n' "$CACHE_FORMAT" "$NODE_SUITE" "${PACKAGES_NODE[@]}" | sha256sum | cut -c1-16
}

layer_digest() {
    {
        base_digest
        cat "$TESTBED_DIR/lib/root.sh"
        cd "$TESTBED_DIR/rootfs" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-16
}

base_path() { echo "$CACHE/base-$(base_digest)"; }
layer_path() { echo "$CACHE/layer-$(layer_digest)"; }

# Runs a build command once, which others wait for; what a killed build left in the same folder is thrown away.
# Usage: build_cached FINISHED-PATH BUILD-FUNCTION (it gets an empty folder)
build_cached() {
    local finished="$1" build="$2" folder
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
        unshare --mount --propagation private "$TESTBED_DIR/belay-testbed" build-step build_whole "$build" "$finished" \
            >"$folder/build.log" 2>&1 || die "the build failed; the last lines of $folder/build.log:
$(tail -n 15 "$folder/build.log")"
    )
}

build_whole() { # build_whole BUILD-FUNCTION FINISHED-PATH
    rm -rf --one-file-system "$(dirname "$2")"/*.building
    mkdir "$2.building"
    "$1" "$2.building"
    mv "$2.building" "$2"
}

build_base() {
    local list
    list="$(IFS=,; echo "${PACKAGES_NODE[*]}")"
    debootstrap --variant=minbase --include="$list" "$NODE_SUITE" "$1" "$NODE_MIRROR"
    rm -rf "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/* "$1"/etc/ssh/ssh_host_*
}

# The layer is the upper folder of an overlay on the base, written to by the configuration below.
build_layer() {
    mkdir "$1/upper" "$1/work" "$1/root"
    mount -t overlay overlay -o "lowerdir=$(base_path),upperdir=$1/upper,workdir=$1/work" "$1/root"
    configure_root "$1/root"
    umount "$1/root"
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
