#!/bin/sh
# Looks for known vulnerabilities that the code can reach. Its database is on the internet: where that cannot be
# reached the check is reported as not done, any other failure fails.
set -u
out=$(go tool govulncheck ./... 2>&1)
code=$?
if [ $code -ne 0 ] && echo "$out" | grep -qiE 'vuln\.go\.dev|fetching vulnerabilities|HTTP GET|dial tcp|no such host'; then
  echo "govulncheck: NOT DONE, its database could not be reached"
  exit 0
fi
echo "$out"
exit $code
