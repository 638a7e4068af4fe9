#!/usr/bin/env bash
# Tests of the provider, over pipes as Prizm talks to it: `bash test.sh`.

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
scratch=$(mktemp -d)
passed=0

finish() {
  kill "${plugin-}" 2>/dev/null
  rm -rf "$scratch"
}
trap finish EXIT

fail() {
  printf '%s\n' "FAILED: $1" >&2
  cat "$scratch/stderr" >&2
  exit 1
}

# Starts the provider; it hears 6 and is heard from 5.
start() {
  coproc PLUGIN { PRIZM_PLUGIN=1 exec bash provider.sh 2>"$scratch/stderr"; }
  plugin=$PLUGIN_PID
  exec 5<&"${PLUGIN[0]}" 6>&"${PLUGIN[1]}"
  local ends=("${PLUGIN[@]}")
  exec {ends[0]}<&- {ends[1]}>&-
}

# Hangs up, and sees the provider end within a second.
stop() {
  exec 6>&-
  local end=$((SECONDS + 5))
  while kill -0 "$plugin" 2>/dev/null; do
    ((SECONDS < end)) || fail "$1: it did not end"
    sleep 0.05
  done
  wait "$plugin"
  local status=$?
  exec 5<&-
  ((status == 0)) || fail "$1: exit status $status"
  passed=$((passed + 1))
}

send() { printf '%s\n' "$1" >&6; }

# The next frame, which a line feed precedes and follows.
receive() {
  local before
  IFS= read -r -t 20 before <&5 && IFS= read -r -t 20 frame <&5 || fail "$1: nothing came"
  [[ -z $before ]] || fail "$1: $before"
}

# expect WHAT FILTER: the next frame is as the filter of jq wants it.
expect() {
  receive "$1"
  printf '%s' "$frame" | jq --exit-status "$2" >/dev/null || fail "$1: ${frame:0:400} is not $2"
  passed=$((passed + 1))
}

call() {
  send "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}"
  expect "$1 $2" "${@:3}"
}

refused() { call "$1" "$2" ".id == 1 and .error.code == $3 and (.error.data.kind == $4)"; }

job() { jq -nc --arg text "$1" --argjson more "${2:-{\}}" \
  '{model: "echo", capability: "text-to-text", jobId: "j", options: {}} + {inputs: [{kind: "text", mime: "text/plain", text: $text}]} + $more'; }

HELLO='{"protocolVersions":["1.0"],"host":{"name":"test","version":"1"},"limits":{"maxFrameBytes":1000000,"maxInFlight":64},"instanceId":"i"}'
open() {
  start
  call initialize "$HELLO" '.result.provider == {id: "echo", name: "Echo", version: "0.1.0", type: "local"}'
}

# By hand it says how to run it.
said=$(env -u PRIZM_PLUGIN bash provider.sh 2>&1 </dev/null)
[[ $? == 64 && $said == '`echo` is a Prizm provider, which Prizm starts. Try: prizm run echo INPUT' ]] || fail "by hand: $said"

# The start.
start
for method in configure models transform estimate nonsense; do refused $method '{}' 1001 '"NotInitialized"'; done
call ping '{}' '. == {jsonrpc: "2.0", id: 1, result: {}}'
call health '{}' '.result.status == "healthy"'
refused initialize '{"protocolVersions":["2.0"],"host":{},"limits":{}}' 1002 '"UnsupportedProtocolVersion"'
refused initialize '{}' -32602 null
call initialize "$HELLO" '.result | .protocolVersion == "1.0" and .cancel == "restart" and .limits.maxInFlight == 1'
for key in id name version type; do
  value=$(jq -r ".result.provider.$key" <<<"$frame")
  grep -q "^$key = \"$value\"" prizm.toml || fail "prizm.toml: $key is not $value"
done
refused initialize "$HELLO" -32600 null
call configure '{"config":{},"services":{}}' '.result == {ready: true}'
call models null '.result.models[0].options["text-to-text"].properties.times.maximum == 100'
for method in estimate nonsense; do refused $method '{}' -32601 null; done
call health '{}' '.result | .activeJobs == 0 and .uptimeMs >= 0'

# What is no frame is ignored; ids are echoed.
for line in '' garbage '{' '[]' '[{"jsonrpc":"2.0","id":1,"method":"ping"}]' '{"id":1,"method":"ping"}' 'null' \
  '{"jsonrpc":"2.0","id":"1","method":"ping"}' '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' \
  '{"jsonrpc":"2.0","id":null,"method":"ping"}' '{"jsonrpc":"2.0","id":1,"result":{}}' '{"jsonrpc":"2.0","id":1}' \
  '{"jsonrpc":"2.0","method":"$/future"}' '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":9}}'; do
  send "$line"
done
for id in 0 7 9007199254740991; do
  send "{\"jsonrpc\":\"2.0\",\"id\":$id,\"method\":\"ping\"}"$'\r'
  expect "id $id" ".id == $id and .result == {}"
done

# The work.
call transform "$(job 'say "hi"')" '.method == "$/progress" and .params == {id: 1, seq: 1, fraction: 0, stage: "echoing"}'
expect chunk '.method == "$/chunk" and .params == {id: 1, seq: 2, text: "say \"hi\""}'
expect answer '.id == 1 and .result == {outputs: [{kind: "text", mime: "text/plain", text: "say \"hi\""}]}'
send "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"transform\",\"params\":$(job $'é\n👩‍👩‍👧\t\\' '{"options":{"times":3,"delayMs":30}}')}"
for time in 0 1 2; do
  expect progress ".params.seq == 2 * $time + 1"
  expect chunk '.params.text | ltrimstr(" ") == "é\n👩‍👩‍👧\t\\"'
done
expect answer '.id == 2 and .result.outputs[0].text == "é\n👩‍👩‍👧\t\\ é\n👩‍👩‍👧\t\\ é\n👩‍👩‍👧\t\\"'
big=$(printf 'x%.0s' {1..100000})
send "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"transform\",\"params\":$(job "$big")}"
for what in progress chunk; do receive $what; done
expect "a big answer" '.result.outputs[0].text | length == 100000'

# What is refused.
refused transform "$(job x '{"model":"ech"}')" 1006 '"ModelNotFound"'
refused transform "$(job x '{"capability":"text-to-image"}')" 1003 '"CapabilityNotDeclared"'
for options in '{"times":0}' '{"times":101}' '{"times":"3"}' '{"times":1.5}' '{"delayMs":-1}' '{"loud":true}'; do
  call transform "$(job x "{\"options\":$options}")" ".error.code == -32602 and .error.data.option == \"$(jq -r 'keys[0]' <<<"$options")\""
done
refused transform '{}' -32602 null
refused transform '[]' -32602 null
refused transform "$(job x '{"inputs":[{"kind":"text","mime":"text/plain"}]}')" -32602 null
refused transform "$(job x '{"inputs":[]}')" 1203 '"InvalidMedia"'
refused transform "$(job x '{"inputs":[{"kind":"image","mime":"image/png","path":"in/a"}]}')" 1203 '"InvalidMedia"'
refused transform "$(job "$big" '{"options":{"times":20}}')" 1205 '"FrameTooLarge"'

# A picture.
mkdir -p "$scratch/a job/in"
printf 'picture' >"$scratch/a job/in/0.jpg"
picture() { jq -nc --arg dir "$scratch/a job" --arg path "$1" '{model: "echo", capability: "image-to-image", jobId: "j", jobDir: $dir}
  + {inputs: [{kind: "image", mime: "image/jpeg", path: $path}]}'; }
call transform "$(picture in/0.jpg)" '.method == "$/progress"'
expect picture '.result.outputs == [{kind: "image", mime: "image/jpeg", path: "out/echo.jpg"}]'
[[ $(<"$scratch/a job/out/echo.jpg") == picture ]] || fail "the picture is another"
call transform "$(picture in/missing.jpg)" '.method == "$/progress"'
expect "a missing picture" '.error.code == 1203 and .error.data.kind == "InvalidMedia"'
for path in ../0.jpg /etc/passwd in/../../x; do refused transform "$(picture $path)" 1203 '"InvalidMedia"'; done
refused transform "$(picture in/0.jpg | jq -c 'del(.jobDir)')" -32602 null

# The end: after shutdown nothing new begins; exit and the end of its input end it, even at work.
call shutdown '{}' '.result == {}'
refused transform "$(job x)" -32802 null
send '{"jsonrpc":"2.0","method":"exit"}'
stop "exit"
open
call transform "$(job slow '{"options":{"delayMs":60000}}')" '.method == "$/progress"'
stop "the end of its input"

printf '%s\n' "$passed passed, 0 failed"
