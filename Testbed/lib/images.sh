# shellcheck shell=bash
# The images of a fresh node, made once in the cache: a registry's storage that serves them, and a containerd store
# that holds them, which each node gets a copy of.

# NAME KIND: `tag` is referenced by tag alone, `pulled` by tag and digest as after a pull, `imported` is in no registry.
NODE_IMAGES="$REGISTRY_ADDRESS/pause:3.9 tag
$REGISTRY_ADDRESS/app:1 pulled
$REGISTRY_ADDRESS/unused-a:1 pulled
$REGISTRY_ADDRESS/unused-b:2 pulled
$REGISTRY_ADDRESS/unused-c:3 pulled
localhost/imported-only:1 imported"

images_digest() {
    {
        layer_digest
        echo "$NODE_IMAGES"
        cat "$TESTBED_DIR/lib/images.sh" "$TESTBED_DIR/make-images"
    } | sha256sum | cut -c1-16
}

images_path() { echo "$CACHE/images-$(images_digest)"; }
images_store() { if is_kube "$1"; then echo "$(kube_images_path)/$(kube_role "$1")"; else images_path; fi; }

build_images() {
    local names
    names="$(cut -d' ' -f1 <<<"$NODE_IMAGES")"
    mkdir "$1/share" "$1/registry" "$1/containerd" "$1/scratch"
    # shellcheck disable=SC2086 # a list of names
    "$TESTBED_DIR/make-images" "$1/scratch/layout" $names
    tar -C "$1/scratch/layout" -cf "$1/share/images.tar" .
    echo "$NODE_IMAGES" >"$1/share/images.list"
    unshare --net "$TESTBED_DIR/belay-testbed" build-step fill_registry "$1"
    unshare --pid --fork --kill-child --mount-proc "$TESTBED_DIR/belay-testbed" build-step fill_containerd "$1"
    rm -rf "$1/scratch"
}

# Runs in a network namespace of its own, so that no port can be taken.
fill_registry() {
    ip link set lo up
    write_registry_config "$1/registry" 127.0.0.1:5000 >"$1/scratch/registry.yml"
    docker-registry serve "$1/scratch/registry.yml" &
    local registry=$! name kind
    wait_for 10 bash -c ': </dev/tcp/127.0.0.1/5000' 2>/dev/null
    while read -r name kind; do
        if [[ "$kind" == imported ]]; then continue; fi
        skopeo --insecure-policy copy --preserve-digests --dest-tls-verify=false \
            "oci:$1/scratch/layout:$name" "docker://127.0.0.1:5000/${name#*/}"
    done <"$1/share/images.list"
    kill "$registry"
    wait "$registry" || true
}

write_registry_config() { # write_registry_config STORAGE ADDRESS
    cat <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $1}
  delete: {enabled: true}
http: {addr: $2}
YAML
}

# Runs in process and mount namespaces of its own: whatever happens, containerd ends with this build.
fill_containerd() {
    local root="$1/scratch/root"
    mkdir "$root" "$1/scratch/upper" "$1/scratch/work"
    mount -t overlay overlay \
        -o "lowerdir=$(layer_path)/upper:$(base_path),upperdir=$1/scratch/upper,workdir=$1/scratch/work" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/run"
    mkdir -p "$root/var/lib/containerd" "$root/usr/local/share/testbed"
    mount --bind "$1/containerd" "$root/var/lib/containerd"
    cp "$1"/share/* "$root/usr/local/share/testbed/"
    chroot "$root" containerd &
    local containerd=$!
    wait_for 20 chroot "$root" ctr version >/dev/null 2>&1
    chroot "$root" testbed-images load
    kill "$containerd"
    wait "$containerd" || true
    umount -R "$root"
}
