#!/bin/sh
# Makes the secrets of compose.yaml that are missing in the folder $1; those that are there stay.
#
# The folder is closed to others. The files in it are readable, because the containers read them as
# users of their own, which the machine does not know.
set -eu
folder=$1
mkdir -p -- "$folder"
chmod 0700 -- "$folder"
for name in postgres_password database_password alias_key grafana_db_password \
  grafana_admin_password demo_phone_token demo_chat_secret demo_try_token; do
  if [ ! -s "$folder/$name" ]; then
    od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n' > "$folder/$name.new"
    chmod 0444 -- "$folder/$name.new"
    mv -- "$folder/$name.new" "$folder/$name"
  fi
done
