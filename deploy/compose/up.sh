#!/bin/sh
# Makes the secrets that are missing, at random, and starts everything. Run it again after a change.
# `up.sh demo` starts a simulated contact centre beside it, on data of its own.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd)
sh "$here/secrets.sh" "$here/secrets"
# No --wait: it takes those that run once, and are done, for broken.
set -- ${1:+--file "$here/$1.yaml"}
docker compose --file "$here/../compose.yaml" "$@" up --build --detach
echo "Dashboards: http://127.0.0.1:3000 (admin, password in $here/secrets/grafana_admin_password)"
echo "Wallboard:  http://127.0.0.1:8000"
