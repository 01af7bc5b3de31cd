# shellcheck shell=bash
# A node's disk: an overlay whose lower layers are the cached root. All that the node writes lies in the state folder.

# Below `root` the overlay is mounted; containerd's own overlays cannot lie on an overlay, so its folder is bound in.
mount_disk() {
    local node="$1" folder
    folder="$(node_dir "$node")"
    if mountpoint -q "$folder/root"; then return; fi
    if [[ ! -f "$folder/disk-complete" ]]; then make_disk "$node" "$folder"; fi
    mount -t overlay overlay "$folder/root" \
        -o "lowerdir=$(<"$folder/layers"),upperdir=$folder/upper,workdir=$folder/work" ||
        die "cannot mount the overlay of $node; is $STATE on a plain file system (ext4, xfs), not itself an overlay?"
}

unmount_disk() {
    local mount
    for mount in "$(node_dir "$1")"/{root,small}; do
        while mountpoint -q "$mount"; do umount "$mount" || return 1; done
    done
}

make_disk() { # make_disk NODE FOLDER: a pristine one
    local part
    for part in upper work root containerd engine small small.img; do rm -rf --one-file-system "${2:?}/$part"; done
    mkdir -p "$2/upper" "$2/work" "$2/root"
    echo "$(api_layer "$1")$(node_layers "$1")" >"$2/layers"
    make_stores "$1" "$2"
    if [[ ! -f "$2/machine-id" ]]; then tr -d - </proc/sys/kernel/random/uuid >"$2/machine-id"; fi
    write_identity "$1" "$2"
    # Hundreds of megabytes, and nobody need wait for them: a disk without the mark is made again, but not while it is mounted.
    { sync -f "$2" && touch "$2/disk-complete"; } &
}

write_identity() { # what makes this node that node: name, machine id, host keys, who may log in
    local root="$2/upper" user layer
    layer="$(node_layer "$1")/upper"
    mkdir -p "$root/etc/ssh" "$root/usr/local/share/testbed" "$root/root/.ssh"
    chmod 700 "$root/root/.ssh"
    echo "$1" >"$root/etc/hostname"
    cp "$2/machine-id" "$root/etc/machine-id"
    write_hosts "$1" >"$root/etc/hosts"
    write_api_identity "$1" "$root"
    write_kube_identity "$1" "$root"
    cp -a "$2"/host-keys/. "$root/etc/ssh/"
    cp "$(images_store "$1")"/share/* "$root/usr/local/share/testbed/"
    install -m 600 "$STATE/keys/authorized_keys" "$root/root/.ssh/authorized_keys"
    for user in ops asks; do
        mkdir -p "$root/home/$user"
        cp -a "$layer/home/$user/." "$root/home/$user/"
        chown --reference="$layer/home/$user" "$root/home/$user"
        cp "$STATE/keys/authorized_keys" "$root/home/$user/.ssh/authorized_keys"
        chown --reference="$root/home/$user" "$root/home/$user/.ssh/authorized_keys"
        chmod 600 "$root/home/$user/.ssh/authorized_keys"
    done
}

write_hosts() {
    local other
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$1"
    for other in $(node_names); do
        if [[ "$other" != "$1" ]]; then echo "$(node_address "$other") $other"; fi
    done
}
