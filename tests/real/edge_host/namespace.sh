# kind namespace: the host is a set of namespaces. Its /usr is this machine's, read-only; /etc and /var are its own; /usr/local
# is the image's with a writable layer; /run and /tmp live until the next boot.

disk() { case $kind in namespace) echo "$dir/disk" ;; nspawn) echo "$dir/root" ;; esac; }

# What an image's /etc has, taken from this machine. Everything else would be noise in a comparison before/after.
etc_parts=(bash.bashrc ca-certificates.conf cloud debian_version environment ethertypes gai.conf group host.conf ld.so.cache ld.so.conf
    ld.so.conf.d localtime login.defs mke2fs.conf nsswitch.conf passwd profile protocols rpc services shells timezone xattr.conf)
# Large folders that nothing writes to: mounted read-only by boot_namespace.
etc_mounts=(alternatives ssl iproute2)

make_disk_namespace() {
    local agent=$1 disk part
    disk=$(disk)
    mkdir -p "$disk"/{etc/systemd/system,etc/init.d,etc/default,var/lib,var/log,var/tmp,var/cache,opt,root,home,srv} \
        "$dir"/{root,usr-local,usr-local-work,kernel,log}
    chmod 700 "$disk/root"
    chmod 1777 "$disk/var/tmp"
    ln -s ../run "$disk/var/run"
    for part in "${etc_parts[@]}"; do [ ! -e "/etc/$part" ] || cp -a "/etc/$part" "$disk/etc/"; done
    for part in "${etc_mounts[@]}"; do [ ! -e "/etc/$part" ] || mkdir "$disk/etc/$part"; done
    ln -s ../proc/self/mounts "$disk/etc/mtab"
    : >"$disk/etc/resolv.conf"
    echo "$name" >"$disk/etc/hostname"
    printf '127.0.0.1 localhost\n10.99.0.1 %s\n' "$name" >"$disk/etc/hosts"
    tr -d - </proc/sys/kernel/random/uuid >"$disk/etc/machine-id"
    write_os_release "$disk/etc/os-release"
    cp -r "$dir/image/opt/." "$disk/opt/"
    cp -r "$dir/image/var/." "$disk/var/"
    # A layer of its own for what this machine adds to the image, so that the links in image/ stay untouched.
    mkdir -p "$dir/machine/bin" "$dir/machine/lib/k3s"
    write_machine_settings "$dir/machine/lib/k3s/machine.yaml"
    [ -z "$agent" ] || install -m 755 "$agent" "$dir/machine/bin/slipway-agent"
    # The kubelet sets these for the whole kernel; in the host they are files of its own.
    local setting
    for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
        [ ! -r "/proc/sys/$setting" ] || { mkdir -p "$dir/kernel/$(dirname "$setting")" && cat "/proc/sys/$setting" >"$dir/kernel/$setting"; }
    done
    mkdir -p "$dir/dmi"
    echo "$serial" >"$dir/dmi/product_serial"
    echo "$uuid" >"$dir/dmi/product_uuid"
    echo "Slipway edge test host" >"$dir/dmi/product_name"
    echo "Slipway" >"$dir/dmi/sys_vendor"
}

write_os_release() {
    local version
    version=$(basename "$(readlink -f "$dir/image")")
    version=$("$dir/image/usr/local/bin/k3s" --version | sed -n '1s/^k3s version v\([^ ]*\).*/\1/p')
    cat >"$1" <<RELEASE
NAME="Slipway Edge"
ID=slipway-edge
ID_LIKE=debian
VERSION_ID=1.0
PRETTY_NAME="Slipway Edge 1.0 (test image, K3s $version embedded)"
IMAGE_ID=slipway-edge-k3s
IMAGE_VERSION=1.0.${version%%+*}
RELEASE
}

# Two nodes on one kernel need different cgroup roots. k3s-standin reads this file beside its tools; a real K3s gets the
# same by a drop-in of the image.
write_machine_settings() {
    printf 'cgroupRoot: /%s\nlogFolder: /run/edge-host/log\n' "$cgroup" >"$1"
    if [ ! -d "$dir/image/usr/local/lib/k3s" ]; then
        mkdir -p "$(disk)/etc/rancher/k3s/config.yaml.d"
        printf 'kubelet-arg+:\n- cgroup-root=/%s\n' "$cgroup" >"$(disk)/etc/rancher/k3s/config.yaml.d/00-test-machine.yaml"
    fi
}

boot_namespace() {
    make_cgroups
    rm -rf "$dir/usr-local-work"/* # a volatile overlay refuses its old one
    (
        echo "$BASHPID" >"$dir/keeper.pid"
        exec setsid nsenter --net="/run/netns/$netns" unshare --mount --uts --ipc --pid --fork --kill-child=KILL --propagation private \
            "$here/edge_host/boot_namespace" "$dir" "$name" "${etc_mounts[@]}"
    ) </dev/null >>"$dir/console.log" 2>&1 &
    disown
}

stop_namespace() {
    kill_keeper
    remove_cgroups
}
