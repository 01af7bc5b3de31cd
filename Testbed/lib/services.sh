# shellcheck shell=bash disable=SC2154 # `up` exports instance_lock
# The registry, in the bridge namespace: nodes pull from it.

start_registry() {
    if recorded_process "$STATE/registry.pid" >/dev/null; then return; fi
    if [[ ! -d "$STATE/registry" ]]; then
        cp -a "$(images_path)/registry" "$STATE/registry.new"
        mv "$STATE/registry.new" "$STATE/registry"
    fi
    write_registry_config "$STATE/registry" "$REGISTRY_ADDRESS" | write_file "$STATE/registry.yml"
    setsid "$TESTBED_DIR/belay-testbed" supervise-registry \
        </dev/null >>"$STATE/registry.log" 2>&1 {instance_lock}>&- &
    wait_for 10 registry_answers || die "the registry does not answer on $REGISTRY_ADDRESS; see $STATE/registry.log"
}

registry_answers() {
    recorded_process "$STATE/registry.pid" >/dev/null &&
        in_bridge_netns bash -c ": </dev/tcp/${REGISTRY_ADDRESS/://}" 2>/dev/null
}

run_registry() {
    enter_cgroup supervisors
    record_process "$BASHPID" "$STATE/registry.pid"
    exec nsenter --net="$NETNS_FOLDER/$BRIDGE_NETNS" -- docker-registry serve "$STATE/registry.yml"
}
