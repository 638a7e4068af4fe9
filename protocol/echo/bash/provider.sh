#!/usr/bin/env bash
# Echo, a Prizm provider without an SDK: it says what it is told, and gives pictures back.
#
# A host writes one JSON object a line to stdin and reads the same from stdout. One jq is the brain, `provider.jq`: it
# reads what the host says and tells this script, the hands, what to do. Its commands are:
#
#   say LENGTH      then a frame of so many bytes, to be written to the host
#   wait SECONDS
#   copy ID         then three lines: from where, to where, and the result to answer request ID with
#   bye

export LC_ALL=C # Lengths are in bytes.

if [[ ${PRIZM_PLUGIN-} != 1 || -t 0 ]]; then
  printf '%s\n' "\`echo\` is a Prizm provider, which Prizm starts. Try: prizm run echo INPUT" >&2
  exit 64
fi

# The host is at 3 and 4 from here on: whatever else is read or printed cannot spoil the conversation.
exec 3<&0 4>&1 </dev/null >&2

# A frame has a line feed before it, so that it starts a line whatever was printed before, and one after it.
say() { printf '\n%s\n' "$1" >&4; }

# Waits, but no longer than there is a host: the brain ends when the host has hung up.
pause() {
  sleep "$1" &
  wait -n "$!" "$brain"
  kill -0 "$brain" 2>/dev/null || exit 0
}

copy() {
  local id=$1 from=$2 to=$3 result=$4
  if [[ -f $from ]] && mkdir -p -- "${to%/*}" && cp -- "$from" "$to"; then
    say '{"jsonrpc":"2.0","id":'"$id"',"result":'"$result"'}'
  else
    say '{"jsonrpc":"2.0","id":'"$id"',"error":{"code":1203,"message":"the input cannot be read or copied","data":{"kind":"InvalidMedia","retryable":false}}}'
  fi
}

trap 'kill $(jobs -p) 2>/dev/null' EXIT
coproc BRAIN { exec jq --null-input --raw-input --raw-output --unbuffered --from-file provider.jq <&3 4>&-; }
# Bash forgets a coprocess that has ended, though not all it said may have been read.
brain=$BRAIN_PID
exec 5<&"${BRAIN[0]}" 3<&-

while read -r command argument <&5; do
  case $command in
    say) IFS= read -r -N "$argument" frame <&5 && say "$frame" ;;
    wait) pause "$argument" ;;
    copy)
      IFS= read -r from <&5 && IFS= read -r to <&5 && IFS= read -r result <&5
      copy "$argument" "$from" "$to" "$result"
      ;;
    bye) exit 0 ;;
  esac
done
