#!/bin/sh
# Run once by the image of PostgreSQL, when it makes its cluster. Waypost's role owns its database but is no superuser, so
# that the right to change the ledger and the audit log can be taken from it; the superuser is reached by the socket only:
#   docker compose --env-file waypost.env exec postgres psql -U postgres
set -e
psql -v ON_ERROR_STOP=1 --no-password --username postgres --dbname postgres <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE waypost LOGIN NOSUPERUSER PASSWORD :'password';
CREATE DATABASE waypost OWNER waypost;
ALTER ROLE postgres PASSWORD NULL;
SQL
