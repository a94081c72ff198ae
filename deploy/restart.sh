#!/bin/sh
# Restarts the site's processes one after the other, each when the one before answers again: nobody meets a closed door.
# As root: deploy/restart.sh 8000 8001
set -eu

WAIT_SECONDS=60

answers() {
    # Over plain HTTP at the process itself; this page alone does not lead to HTTPS.
    curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$1/readyz"
}

for port in "$@"; do
    systemctl restart "chatsite@$port"
    left=$WAIT_SECONDS
    until answers "$port"; do
        left=$((left - 1))
        if [ "$left" -eq 0 ]; then
            echo "chatsite@$port does not answer; the processes after it still run as before." >&2
            echo "Look at: journalctl -u chatsite@$port" >&2
            exit 1
        fi
        sleep 1
    done
    echo "chatsite@$port answers again."
done
