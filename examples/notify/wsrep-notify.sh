#!/bin/sh
# Galera: tells Fairlead of each state change of this node, so that it checks at once instead of at its next interval.
#   my.cnf:  [mysqld]
#            wsrep_notify_cmd = /usr/local/bin/wsrep-notify.sh
# Galera calls it with: --status S --uuid U --primary yes|no --members LIST --index N, and waits for its end: it sends
# in the background and never fails.

URLS=${FAIRLEAD_URLS:-http://127.0.0.1:8406}                    # every Fairlead, separated by spaces
TOKEN_FILE=${FAIRLEAD_TOKEN_FILE:-/etc/fairlead/notify.token}   # readable by the user of the database
HOST=${FAIRLEAD_HOST:-}                                         # this node as Fairlead's server lines name it

status='' primary='' index=''
while [ $# -gt 1 ]; do
  case $1 in
    --status) status=$2 ;;
    --primary) primary=$2 ;;
    --index) index=$2 ;;
  esac
  shift 2
done

for url in $URLS; do
  # The token comes over standard input: arguments can be seen by every user.
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$TOKEN_FILE")" |
    curl --config - --silent --output /dev/null --max-time 5 --retry 3 --retry-connrefused --retry-delay 1 \
      --data-urlencode "host=$HOST" --data-urlencode "status=$status" \
      --data-urlencode "primary=$primary" --data-urlencode "index=$index" "$url/v1/notify" >/dev/null 2>&1 &
done
exit 0
