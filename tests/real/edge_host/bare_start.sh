# bare-start: K3s by itself on this host, without Slipway: what the product's time is compared with.

bare_config='cluster-init: true
token: bare-start
disable: [coredns, servicelb, traefik, local-storage, metrics-server]
'

command_bare_start() {
    local runs=1 config='' run result times=() keep=
    load "${1:-}"
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --runs) runs=${2:?--runs needs a number}; shift 2 ;;
            --config) config=$(cat "${2:?--config needs a file}"); shift 2 ;;
            --keep) keep=yes; shift ;;
            *) fail "bare-start: unknown option $1" ;;
        esac
    done
    enter -- test ! -e /var/lib/rancher/k3s/server || fail "bare-start: $name has a cluster; it wants a clean host"
    for ((run = 1; run <= runs; run++)); do
        result=$(bare_start_once "${config:-$bare_config}") || fail "bare-start: ${result:-K3s did not start}"
        echo "bare-start run=$run $result load=$(cut -d' ' -f1 /proc/loadavg)"
        times+=("${result##*ready=}")
        [ -n "$keep" ] || wipe_bare_start
    done
    printf '%s\n' "${times[@]}" | sort -n | awk '{ v[NR] = $1 } END { printf "bare-start runs=%d min=%.2f median=%.2f max=%.2f\n", NR, v[1], (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2, v[NR] }'
}

bare_start_once() {
    enter -- /bin/bash -s "$name" <<SCRIPT
set -eu
mkdir -p /etc/rancher/k3s
cat > /etc/rancher/k3s/config.yaml <<'CONFIG'
$1
CONFIG
begin=\$EPOCHREALTIME
setsid /usr/local/bin/k3s server > /var/log/k3s-bare.log 2>&1 < /dev/null &
k3s=\$!
y=/etc/rancher/k3s/k3s.yaml
since() { awk -v a="\$begin" -v b="\$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'; }
limit() {
    kill -0 \$k3s 2>/dev/null || { echo "k3s ended: \$(tail -1 /var/log/k3s-bare.log)"; exit 1; }
    [ "\$(since | cut -d. -f1)" -lt 120 ] || { echo "not Ready after 120 s: \$(tail -1 /var/log/k3s-bare.log)"; exit 1; }
}
until [ -s \$y ]; do limit; sleep 0.02; done
for part in certificate-authority client-certificate client-key; do sed -n "s/^ *\$part-data: //p" \$y | base64 -d > /run/bare-\$part; done
ask() { curl -sfN --cacert /run/bare-certificate-authority --cert /run/bare-client-certificate --key /run/bare-client-key "https://127.0.0.1:6443\$@"; }
until ask /readyz > /dev/null 2>&1; do limit; sleep 0.05; done
api=\$(since)
while :; do
    limit
    line=\$(timeout 60 curl -sfN --cacert /run/bare-certificate-authority --cert /run/bare-client-certificate --key /run/bare-client-key \
        "https://127.0.0.1:6443/api/v1/nodes?watch=1&fieldSelector=metadata.name=\$1" 2>/dev/null | grep -m1 -E '"type":"Ready","status":"True"' | head -c 20) || true
    [ -z "\$line" ] || break
done
echo "api=\$api ready=\$(since)"
SCRIPT
}

# A clean host again: power cut, and what K3s made is gone from the disk.
wipe_bare_start() {
    "stop_$kind"
    local disk
    disk=$(disk)
    find "$disk/var/lib/rancher/k3s" -mindepth 1 -maxdepth 1 ! -name agent -exec rm -rf {} +
    find "$disk/var/lib/rancher/k3s/agent" -mindepth 1 -maxdepth 1 ! -name images -exec rm -rf {} +
    rm -rf "$disk"/var/lib/{kubelet,cni} "$disk"/etc/rancher "$disk"/var/log/{k3s-bare.log,pods,containers}
    ip -n "$netns" link del cni0 2>/dev/null || true
    nsenter --net="/run/netns/$netns" /bin/sh -c 'iptables-save | grep -v KUBE- | grep -v CNI- | iptables-restore' 2>/dev/null || true
    boot
}
