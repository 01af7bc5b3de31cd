# shellcheck shell=bash disable=SC2154 # the arrays are set by variant-roots.sh
# Nodes that each differ from the others in one thing and are named after it: what they boot with, who logs in there,
# and the small disk of `full`. What is in their roots is variant-roots.sh's.

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
        *) printf '%s\n' --boot "--bind=$2/containerd:/var/lib/containerd" ;;
    esac
}

make_stores() { # make_stores NODE FOLDER: docker and podman pull their images when they first boot
    case "$1" in
        plain | full) ;;
        docker | podman) mkdir "$2/containerd" "$2/engine" ;;
        *) cp -a "$(images_path)/containerd" "$2/containerd" ;;
    esac
}

has_no_services() { [[ "$1" == plain ]] || { [[ "$1" == full ]] && disk_is_filled; }; }

runtime_answers() {
    case "$1" in
        docker | podman) in_node "$1" timeout 5 "$1" ps ;;
        *) in_node "$1" timeout 3 ctr version ;;
    esac
}

# --- The small disk: /var/lib of the node `full`, containerd's store on it, on a loop device. Root has no blocks kept.

SMALL_DISK_MEGABYTES=192
ballast() { echo "$(node_dir full)/small/testbed-ballast"; }
disk_is_filled() { [[ -s "$(ballast)" ]]; }

mount_small_disk() {
    local folder
    folder="$(node_dir "$1")"
    if [[ "$1" != full ]]; then return; fi
    mkdir -p "$folder/small"
    if [[ ! -f "$folder/small.img" ]]; then make_small_disk "$folder"; fi
    mountpoint -q "$folder/small" || mount -o loop "$folder/small.img" "$folder/small" ||
        die "cannot mount a loop device for the node $1"
}

make_small_disk() { # make_small_disk FOLDER
    # What a killed one left.
    if mountpoint -q "$1/small"; then umount "$1/small"; fi
    rm -f "$1/small.new"
    truncate -s "${SMALL_DISK_MEGABYTES}M" "$1/small.new"
    mkfs.ext4 -q -F -b 4096 -m 0 "$1/small.new"
    mount -o loop "$1/small.new" "$1/small" || die "cannot mount a loop device for ${1##*/}"
    cp -a "$1/root/var/lib/." "$1/small/"
    cp -a "$(images_path)/containerd" "$1/small/"
    umount "$1/small"
    touch "$1/fill-when-ready"
    mv "$1/small.new" "$1/small.img"
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
    until is_full "$1" && sleep 1 && sync -f "$(ballast)" && is_full "$1"; do
        ((tries += 1))
        if ((tries > 10)); then die "the small disk of $1 is still not full"; fi
        fill_once
    done
}

fill_once() {
    local size
    for size in 1M 4k; do
        dd if=/dev/zero of="$(ballast)" bs="$size" oflag=append conv=notrunc status=none 2>/dev/null || true
        sync -f "$(ballast)"
    done
}

is_full() { [[ "$(stat -f -c %a "$(node_dir "$1")/small")" == 0 ]]; }

free_disk() { require_small_disk "$1"; rm -f "$(ballast)"; }

require_small_disk() {
    [[ "$1" == full ]] || usage_error "only the node 'full' has a disk that can be filled, not '$1'"
    mountpoint -q "$(node_dir full)/small" || die "full is not running; run: $TESTBED_DIR/belay-testbed up"
}
