#!/bin/sh
# Patroni: tells Fairlead of each change of role on this node, so that it checks at once instead of at its next interval.
#   patroni.yml:  postgresql:
#                   callbacks:
#                     on_role_change: /usr/local/bin/patroni-callback.sh
#                     on_start: /usr/local/bin/patroni-callback.sh
#                     on_stop: /usr/local/bin/patroni-callback.sh
# Patroni calls it with: ACTION ROLE SCOPE.

URLS=${FAIRLEAD_URLS:-http://127.0.0.1:8406}                    # every Fairlead, separated by spaces
TOKEN_FILE=${FAIRLEAD_TOKEN_FILE:-/etc/fairlead/notify.token}   # readable by the user of the database
BACKEND=${FAIRLEAD_BACKEND:-}                                   # '' checks every server Fairlead has

# A new primary is an old one's end: the whole backend is checked, not this node alone.
for url in $URLS; do
  # The token comes over standard input: arguments can be seen by every user.
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$TOKEN_FILE")" |
    curl --config - --silent --output /dev/null --max-time 5 --retry 3 --retry-connrefused --retry-delay 1 \
      --data-urlencode "backend=$BACKEND" --data-urlencode "action=${1:-}" \
      --data-urlencode "role=${2:-}" --data-urlencode "scope=${3:-}" "$url/v1/notify" >/dev/null 2>&1 &
done
exit 0
