#!/bin/sh
# keepalived: tells Fairlead when this node wins or loses its virtual address, so that it checks at once.
#   keepalived.conf:  vrrp_instance VI_1 {
#                       notify /usr/local/bin/keepalived-notify.sh
#                     }
# keepalived calls it with: INSTANCE|GROUP NAME MASTER|BACKUP|FAULT|STOP PRIORITY.

URLS=${FAIRLEAD_URLS:-http://127.0.0.1:8406}                    # every Fairlead, separated by spaces
TOKEN_FILE=${FAIRLEAD_TOKEN_FILE:-/etc/fairlead/notify.token}   # readable by keepalived's script_user
BACKEND=${FAIRLEAD_BACKEND:-}                                   # '' checks every server Fairlead has

for url in $URLS; do
  # The token comes over standard input: arguments can be seen by every user.
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$TOKEN_FILE")" |
    curl --config - --silent --output /dev/null --max-time 5 --retry 3 --retry-connrefused --retry-delay 1 \
      --data-urlencode "backend=$BACKEND" --data-urlencode "${1:-INSTANCE}=${2:-}" \
      --data-urlencode "state=${3:-}" --data-urlencode "priority=${4:-}" "$url/v1/notify" >/dev/null 2>&1 &
done
exit 0
