# shellcheck shell=bash
# A cgroup of our own in every hierarchy: nodes do not share `/kubepods`, and whatever a testbed ever started can be
# found and killed, even when every record of it is lost.

# One path per cgroup hierarchy: many on cgroup v1, one on v2.
cgroup_hierarchies() {
    if [[ "$(stat -fc %T /sys/fs/cgroup)" == cgroup2fs ]]; then echo /sys/fs/cgroup; return; fi
    awk '($3 == "cgroup" || $3 == "cgroup2") && $2 ~ "^/sys/fs/cgroup/" { print $2 }' /proc/mounts
}

# Enters this shell into the cgroup NAME below the testbed's own, made where missing.
enter_cgroup() {
    local hierarchy group
    while read -r hierarchy; do
        for group in "$hierarchy/$CGROUP_NAME" "$hierarchy/$CGROUP_NAME/$1"; do make_cgroup "$group"; done
        echo "$BASHPID" >"$group/cgroup.procs"
    done < <(cgroup_hierarchies)
}

make_cgroup() {
    local file parent
    parent="$(dirname "$1")"
    mkdir -p "$1"
    if [[ ! -e "$1/cpuset.cpus" || -e "$1/cgroup.controllers" ]]; then return; fi
    # A cpuset without CPUs and memory nodes takes no process; it inherits neither by itself.
    for file in cpuset.cpus cpuset.mems; do
        if [[ -z "$(<"$1/$file")" ]]; then cat "$parent/$file" >"$1/$file"; fi
    done
    echo 1 >"$1/cgroup.clone_children"
}

# All processes in the cgroup NAME (relative to the hierarchies) and below it.
cgroup_processes() {
    local hierarchy
    while read -r hierarchy; do
        if [[ -d "$hierarchy/$1" ]]; then find "$hierarchy/$1" -name cgroup.procs -exec cat {} + 2>/dev/null || true; fi
    done < <(cgroup_hierarchies) | sort -un
}

# Kills all in the cgroup NAME and removes it with everything below.
remove_cgroup() {
    kill_cgroup "$1" || die "processes in the cgroup $1 do not die: $(cgroup_processes "$1" | xargs)"
    local hierarchy
    while read -r hierarchy; do
        if [[ -d "$hierarchy/$1" ]]; then
            wait_for 5 remove_cgroup_tree "$hierarchy/$1" || die "cannot remove the cgroup $hierarchy/$1"
        fi
    done < <(cgroup_hierarchies)
}

remove_cgroup_tree() { find "$1" -depth -type d -exec rmdir {} + 2>/dev/null; [[ ! -d "$1" ]]; }

kill_cgroup() { wait_for 10 cgroup_is_empty_after_kill "$1"; }

cgroup_is_empty_after_kill() {
    local pids
    pids="$(cgroup_processes "$1")"
    [[ -n "$pids" ]] || return 0
    # shellcheck disable=SC2086 # a list of pids
    kill -KILL $pids 2>/dev/null || true
    return 1
}
