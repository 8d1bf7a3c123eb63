#!/bin/sh
# Run once by PostgreSQL's image, on an empty database: a login that owns ours, and is no superuser.
set -eu
export SECRETS="${SECRETS:-/run/secrets}"
psql -X -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "$SECRETS/database_password"`
CREATE ROLE evenhand LOGIN PASSWORD :'password';
CREATE DATABASE evenhand OWNER evenhand;
REVOKE ALL ON DATABASE evenhand FROM PUBLIC;
SQL
