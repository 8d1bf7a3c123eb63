#!/bin/sh
# Makes the role that Grafana reads with, after the views are there. Run at every start: it changes
# nothing, unless the password or the views are new.
set -eu
secrets=${SECRETS:-/run/secrets}
PGPASSWORD=$(cat "$secrets/postgres_password")
GRAFANA_DB_PASSWORD=$(cat "$secrets/grafana_db_password")
export PGPASSWORD GRAFANA_DB_PASSWORD
exec psql -X -v zone="${DAY_ZONE:-UTC}" --host "$DATABASE_HOST" --username postgres \
  --dbname evenhand --file "$(dirname -- "$0")/${SCRIPT:-grafana_role.sql}"
