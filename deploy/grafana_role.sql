-- A role for Grafana's PostgreSQL datasource: it reads the views of docs/views.md and nothing else.
-- Run it with psql after `python -m app migrate`, as a superuser, or as the owner of the database if
-- that role has CREATEROLE; again to change the password. The password comes from the environment, so
-- that it stands in no file and in no list of processes:
--
--   GRAFANA_DB_PASSWORD="$(cat /path/to/secret)" psql -X \
--     -v zone=Europe/Copenhagen -f deploy/grafana_role.sql postgresql://postgres@host/evenhand
--
-- `zone` decides where a day of the view `days` begins; it is UTC where it is left out. `role` is the
-- role's name, else evenhand_grafana.
\set ON_ERROR_STOP on
\if :{?role}
\else
  \set role evenhand_grafana
\endif
\if :{?zone}
\else
  \set zone UTC
\endif
\getenv password GRAFANA_DB_PASSWORD
\if :{?password}
\else
  DO $$ BEGIN RAISE EXCEPTION 'expected the password in GRAFANA_DB_PASSWORD, got nothing'; END $$;
\endif

BEGIN;
-- Where we may, keep the password out of the server's log.
SELECT set_config(name, value, true) AS unlogged
FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'),
  ('log_min_error_statement', 'panic')) AS quiet(name, value)
WHERE current_setting('is_superuser')::boolean \g /dev/null

SELECT format('CREATE ROLE %I', :'role')
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = :'role') \gexec

-- A role that was somebody else's before may do more than this script gives it.
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L; END $do$', 'the role ' || rolname ||
  ' may already do more than read: drop it, or choose another with -v role=')
FROM pg_roles WHERE rolname = :'role' AND (
  rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
  OR EXISTS (SELECT 1 FROM pg_auth_members WHERE member = pg_roles.oid)
) \gexec

SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L; END $do$', 'the role ' || :'role' ||
  ' may already do more than read the views, with ' || more.what ||
  ': take that from it, or choose another with -v role=')
FROM pg_roles, LATERAL (
  SELECT c.oid::regclass::text AS what
  FROM pg_class c
  WHERE c.relowner = pg_roles.oid OR EXISTS (
    SELECT 1 FROM aclexplode(c.relacl) AS a
    WHERE a.grantee = pg_roles.oid
      AND (c.relnamespace <> 'evenhand_views'::regnamespace OR a.privilege_type <> 'SELECT')
  ) OR EXISTS (
    SELECT 1 FROM pg_attribute t, aclexplode(t.attacl) AS a
    WHERE t.attrelid = c.oid AND a.grantee = pg_roles.oid
  )
  ORDER BY 1 LIMIT 1
) AS more
WHERE rolname = :'role' \gexec

ALTER ROLE :"role" WITH LOGIN PASSWORD :'password' CONNECTION LIMIT 20 NOINHERIT;

-- Habits, not walls: whoever is connected can set them otherwise. The walls are the rights below.
ALTER ROLE :"role" SET statement_timeout = '10s';
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET search_path = evenhand_views;
ALTER ROLE :"role" SET timezone = :'zone';
ALTER ROLE :"role" SET jit = off;

SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'role') \gexec
GRANT USAGE ON SCHEMA evenhand_views TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA evenhand_views TO :"role";

-- Views that later versions make anew are for the role too.
SELECT format(
  'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA evenhand_views GRANT SELECT ON TABLES TO %I',
  nspowner::regrole::text, :'role'
) FROM pg_namespace WHERE nspname = 'evenhand_views' \gexec
COMMIT;
