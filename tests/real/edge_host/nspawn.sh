# kind nspawn: a Debian root of its own, booted by systemd-nspawn with systemd as process 1 and cloud-init, in the host's network
# namespace. The root is a copy (of links where nothing writes), so a reboot finds what the host wrote.

make_disk_nspawn() {
    local agent=$1 disk base=$root/build/real/root
    disk=$(disk)
    command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: run tools/setup"
    "$here/edge_host/make_root" "$base"
    cp -a "$base" "$disk"
    cp -r "$dir/image/opt/." "$disk/opt/"
    cp -r "$dir/image/var/." "$disk/var/"
    cp -r "$dir/image/usr/local/." "$disk/usr/local/"
    mkdir -p "$disk/usr/local/lib/k3s" "$disk/var/lib/cloud/seed/nocloud" "$dir/log"
    write_machine_settings "$disk/usr/local/lib/k3s/machine.yaml"
    [ -z "$agent" ] || install -m 755 "$agent" "$disk/usr/local/bin/slipway-agent"
    echo "$name" >"$disk/etc/hostname"
    printf '127.0.0.1 localhost\n10.99.0.1 %s\n' "$name" >"$disk/etc/hosts"
    tr -d - </proc/sys/kernel/random/uuid >"$disk/etc/machine-id"
    rm -f "$disk/etc/os-release"
    write_os_release "$disk/etc/os-release"
    printf 'instance-id: %s\nlocal-hostname: %s\n' "$name" "$name" >"$disk/var/lib/cloud/seed/nocloud/meta-data"
    if [ -n "$user_data" ]; then
        install -m 600 "$user_data" "$disk/var/lib/cloud/seed/nocloud/user-data"
    else
        printf '#cloud-config\n{}\n' >"$disk/var/lib/cloud/seed/nocloud/user-data"
    fi
    [ -z "$cloud_config" ] || install -D -m 600 "$cloud_config" "$disk/etc/cloud/cloud.cfg.d/k8s.cfg"
    # There is no DMI in a container: the agent's unit and `exec` get the identity as variables.
    mkdir -p "$disk/etc/systemd/system.conf.d"
    printf '[Manager]\nDefaultEnvironment="SLIPWAY_AGENT_SERIAL=%s" "SLIPWAY_AGENT_UUID=%s"\n' "$serial" "$uuid" \
        >"$disk/etc/systemd/system.conf.d/10-identity.conf"
}

boot_nspawn() {
    make_cgroups
    (
        echo "$BASHPID" >"$dir/keeper.pid"
        # systemd-nspawn puts its container below its own cgroup: give it one that is the host's.
        for procs in /sys/fs/cgroup/*/"$cgroup"/cgroup.procs; do echo "$BASHPID" >"$procs" 2>/dev/null || true; done
        exec setsid systemd-nspawn --quiet --network-namespace-path="/run/netns/$netns" --directory="$(disk)" --boot --machine="edge-$name" --console=pipe \
            --register=no --keep-unit --capability=all --system-call-filter='@keyring bpf @privileged' --bind-ro=/dev/null:/dev/kmsg \
            --bind="$dir/log:/run/edge-host/log" --resolv-conf=off --timezone=off --link-journal=no
    ) </dev/null >>"$dir/console.log" 2>&1 &
    disown
}

# systemd-nspawn with --keep-unit does not start again by itself on a reboot: it ends with 133, and boot starts it anew.
stop_nspawn() {
    local keeper i
    keeper=$(cat "$dir/keeper.pid")
    enter -- systemctl --no-block reboot >/dev/null 2>&1 || true
    for ((i = 0; i < 1500; i++)); do is_alive "$keeper" || break; sleep 0.02; done
    kill_keeper
    local pid
    pid=$(pids_in_network)
    # shellcheck disable=SC2086
    [ -z "$pid" ] || kill -9 $(not_the_wire $pid) 2>/dev/null || true
    remove_cgroups
}

not_the_wire() {
    local wire pid
    wire=" $(wire_pids | tr '\n' ' ') "
    for pid in "$@"; do case $wire in *" $pid "*) ;; *) echo "$pid" ;; esac; done
}
