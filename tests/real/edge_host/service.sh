# service: slipway-agent as the host's service manager would run it: started at boot, started again a second after it ended.

command_service() {
    load "${1:-}"
    shift
    [ "${1:-}" = -- ] && shift
    enter -- test -x /usr/local/bin/slipway-agent || fail "service: $name has no /usr/local/bin/slipway-agent: up --agent PROGRAM"
    if [ "$kind" = nspawn ]; then
        service_of_systemd "$(for argument in "$@"; do printf ' "%s"' "$(sed 's/[\\"]/\\&/g; s/[%$]/&&/g' <<<"$argument")"; done)"
    else
        service_of_init "$(printf ' %q' "$@")"
    fi
    echo "edge-host $name service=started log=$dir/log/slipway-agent.log"
}

service_of_systemd() {
    enter -- /bin/sh -c 'cat >/etc/systemd/system/slipway-agent.service && systemctl daemon-reload && systemctl enable --now slipway-agent.service 2>/dev/null' <<UNIT
[Unit]
Description=Slipway agent
After=network.target
[Service]
ExecStart=/usr/local/bin/slipway-agent$1
Restart=always
RestartSec=1s
KillMode=process
StandardOutput=append:/run/edge-host/log/slipway-agent.log
StandardError=inherit
[Install]
WantedBy=multi-user.target
UNIT
}

service_of_init() {
    enter -- /bin/sh -c 'cat >/etc/init.d/slipway-agent && chmod 755 /etc/init.d/slipway-agent && /etc/init.d/slipway-agent start' <<SCRIPT
#!/bin/bash
# start | stop
case \$1 in
    start) setsid /bin/bash "\$0" loop </dev/null >>/run/edge-host/log/slipway-agent.log 2>&1 & ;;
    stop) kill \$(cat /run/slipway-agent-service.pid) ; pkill -x slipway-agent ;;
    loop)
        echo \$\$ >/run/slipway-agent-service.pid
        export SLIPWAY_AGENT_SERIAL=$(printf %q "$serial") SLIPWAY_AGENT_UUID=$(printf %q "$uuid")
        while :; do /usr/local/bin/slipway-agent$1; sleep 1; done ;;
esac
SCRIPT
}
