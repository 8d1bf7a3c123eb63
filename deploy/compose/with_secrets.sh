#!/bin/sh
# Runs the command it is given with the secrets in its environment, where the service looks for them:
# aircall_token becomes AIRCALL_TOKEN, as deploy/sources.yaml asks for it.
set -eu
secrets=${SECRETS:-/run/secrets}
for file in "$secrets"/*; do
  name=$(basename -- "$file" | tr '[:lower:]-' '[:upper:]_')
  export "$name=$(cat -- "$file")"
done
# The password is of hexadecimal digits (secrets.sh): in an address, others would need an escape.
export EVENHAND_DATABASE_URL="postgresql://evenhand:$DATABASE_PASSWORD@postgres:5432/evenhand"
export EVENHAND_ALIAS_KEY="$ALIAS_KEY"
unset DATABASE_PASSWORD ALIAS_KEY
exec "$@"
