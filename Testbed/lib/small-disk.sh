# shellcheck shell=bash
# Small disks: /var/lib of a node, containerd's store on it, on a loop device. Root has no blocks kept. That of `full` is
# filled; those of the cluster's workers have room, so that little is needed to put a kubelet under pressure.

# OPTIONS of mkfs after the size in megabytes.
small_disk() { # small_disk NODE
    case "$1" in
        full) echo 192 ;;
        kube-[23]) echo 1536 -N 30000 ;;
    esac
}

ballast() { echo "$(node_dir "$1")/small/testbed-ballast"; }
disk_is_filled() { [[ -s "$(ballast "$1")" ]]; }

mount_small_disk() {
    local folder
    folder="$(node_dir "$1")"
    if [[ -z "$(small_disk "$1")" ]]; then return; fi
    mkdir -p "$folder/small"
    if [[ ! -f "$folder/small.img" ]]; then make_small_disk "$1" "$folder"; fi
    mountpoint -q "$folder/small" || mount -o loop "$folder/small.img" "$folder/small" ||
        die "cannot mount a loop device for the node $1"
}

make_small_disk() { # make_small_disk NODE FOLDER
    local size options
    # What a killed one left.
    if mountpoint -q "$2/small"; then umount "$2/small"; fi
    rm -f "$2/small.new"
    read -r size options <<<"$(small_disk "$1")"
    truncate -s "${size}M" "$2/small.new"
    # shellcheck disable=SC2086 # words
    mkfs.ext4 -q -F -b 4096 -m 0 $options "$2/small.new"
    mount -o loop "$2/small.new" "$2/small" || die "cannot mount a loop device for the node $1"
    cp -a "$2/root/var/lib/." "$2/small/"
    cp -a "$(images_store "$1")/containerd" "$2/small/"
    umount "$2/small"
    if [[ "$1" == full ]]; then touch "$2/fill-when-ready"; fi
    mv "$2/small.new" "$2/small.img"
}

# A node boots with room on its disk, and is filled once its services run.
fill_when_asked() {
    local asked
    asked="$(node_dir "$1")/fill-when-ready"
    if [[ ! -f "$asked" ]]; then return; fi
    fill_disk "$1"
    rm "$asked"
}

free_until_ready() {
    if [[ "$1" != full ]]; then return; fi
    free_disk "$1"
    touch "$(node_dir "$1")/fill-when-ready"
}

# Every block, for good: what services had reserved or deleted is free again only with the file system's next commit.
fill_disk() {
    require_small_disk "$1"
    local tries=0
    until is_full "$1" && sleep 1 && sync -f "$(ballast "$1")" && is_full "$1"; do
        ((tries += 1))
        if ((tries > 10)); then die "the small disk of $1 is still not full"; fi
        fill_once "$1"
    done
}

fill_once() { # fill_once NODE
    local size
    for size in 1M 4k; do
        dd if=/dev/zero of="$(ballast "$1")" bs="$size" oflag=append conv=notrunc status=none 2>/dev/null || true
        sync -f "$(ballast "$1")"
    done
}

is_full() { [[ "$(stat -f -c %a "$(node_dir "$1")/small")" == 0 ]]; }

free_disk() { require_small_disk "$1"; rm -f "$(ballast "$1")"; }

require_small_disk() {
    [[ "$1" == full ]] || usage_error "only the node 'full' has a disk that can be filled, not '$1'"
    mountpoint -q "$(node_dir full)/small" || die "full is not running; run: $TESTBED_DIR/belay-testbed up"
}
