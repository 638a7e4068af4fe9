#!/usr/bin/env bash
# Acme pretends to paint on a server far away. `plugins/README.md` quotes it for what the reference provider has no
# use for: prices, settings with a secret, a service, a job that was accepted, named errors.
set -u
export LC_ALL=C # Bytes are read faster than letters.

if [[ ${PRIZM_PLUGIN-} != 1 || -t 0 ]]; then
  printf '%s\n' 'this is a Prizm provider, which Prizm starts. Try: prizm run acme INPUT' >&2
  exit 64
fi

# Frames have a descriptor of their own; whatever else is printed goes to stderr.
exec 3>&1 1>&2

declaration='{
  "protocolVersion": "1.0",
  "provider": {"id": "acme", "name": "Acme", "version": "1.0.0", "type": "remote"},
  "capabilities": ["text-to-image"],
  "models": [{
    "id": "painter",
    "description": "Paints what a text says",
    "capabilities": ["text-to-image"],
    "options": {"text-to-image": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "width": {"type": "integer", "minimum": 16, "maximum": 4096, "default": 512, "description": "Pixels"},
        "colour": {"enum": ["black", "red"], "default": "black", "description": "Of the paint"}
      }
    }},
    "pricing": [{"unit": "image", "amount": "0.04", "currency": "USD"}],
    "outputFormats": ["image/svg+xml"]
  }],
  "cancel": "restart",
  "configSchema": {
    "type": "object",
    "properties": {
      "apiKey": {"type": "string", "writeOnly": true, "description": "The key of your account"},
      "baseUrl": {"type": "string", "description": "Where Acme is, where no service runs it"}
    }
  }
}'

# Writes a frame: a filter of jq, and what it needs.
frame() {
  printf '\n' >&3
  jq -cn --argjson id "$id" "$@" >&3
}

answer() {
  frame --argjson result "$1" '{jsonrpc: "2.0", id: $id, result: $result}'
}

notify() {
  frame --arg method "$1" --argjson params "$2" '{jsonrpc: "2.0", method: $method, params: ({id: $id} + $params)}'
}

# Answers with an error: code, kind (JSON-RPC's own codes have none), message, what else there is to say.
refuse() {
  frame --argjson code "$1" --arg kind "$2" --arg message "$3" --argjson more "$4" '{jsonrpc: "2.0", id: $id, error: (
    {code: $code, message: $message} + if $kind == "" then {} else {data: ({kind: $kind, retryable: false} + $more)} end
  )}'
}

# Reads a value of the parameters.
param() {
  jq -r ".params.$1 // empty" <<<"$line"
}

state=started key= address=

initialize() {
  if [[ $state != started ]]; then
    refuse -32600 '' '`initialize` came twice' '{}'
  elif jq -e '.params.protocolVersions | index("1.0")' <<<"$line" >/dev/null; then
    state=initialized
    answer "$declaration"
  else
    refuse 1002 UnsupportedProtocolVersion 'this provider speaks protocol 1.0' '{"supported": ["1.0"]}'
  fi
}

configure() {
  if [[ $(jq -r '.params.config.apiKey | type' <<<"$line") != @(string|null) ]]; then
    refuse 1005 ConfigInvalid 'setting `apiKey`: expected a string' '{}'
    return
  fi
  key=$(param config.apiKey)
  if [[ -z $key ]]; then
    refuse 1004 NotConfigured 'the setting `apiKey` is missing' '{}'
    return
  fi
  address=$(param config.baseUrl)
  address=${address:-$(param services.backend.endpoints.http)}
  frame '{jsonrpc: "2.0", method: "$/startup", params: {stage: "logging in", fraction: 0.5}}'
  answer '{"ready": true}'
}

# Checks a job as the SDKs do; what is wrong is answered.
is_right() {
  local wrong code kind message
  wrong=$(jq -r --argjson model "$(jq '.models[0]' <<<"$declaration")" '
    .params as $job | ($job.options // {}) as $options | [$job.inputs[]? | objects | select(.role == null)][0] as $input
    | if ($job | [.model, .capability, .jobId] | all(type == "string") | not)
        or ($job.inputs | type) != "array" or ($options | type) != "object" then "-32602||the parameters are not of a job"
      elif $job.model != $model.id then "1006|ModelNotFound|no model `\($job.model)`"
      elif $model.capabilities | index($job.capability) | not then "1003|CapabilityNotDeclared|no `\($job.capability)`"
      elif ($options | keys) - ["colour", "width"] != [] then "-32602||unknown option in \($options | keys | join(", "))"
      elif $options.width // 512 | type != "number" or . != floor or . < 16 or . > 4096 then "-32602||option `width`: 16 to 4096"
      elif ["black", "red"] | index($options.colour // "black") | not then "-32602||option `colour`: black or red"
      elif $input.kind != "text" or ($input.text | type) != "string" then "1203|InvalidMedia|a text is needed"
      else empty end' <<<"$line")
  [[ -n $wrong ]] || return 0
  IFS='|' read -r code kind message <<<"$wrong"
  refuse "$code" "$kind" "$message" '{}'
  return 1
}

paint() {
  local text width colour step
  text=$(param 'inputs[0].text') width=$(param options.width) colour=$(param options.colour)
  case $text in
    *forbidden*)
      refuse 1202 ContentRejected 'Acme paints nothing that is forbidden' '{}'
      return ;;
    *busy*)
      refuse 1102 RateLimited 'the account may have 10 paintings a minute' '{"retryable": true, "retryAfterMs": 6000}'
      return ;;
  esac
  if [[ -z $key ]]; then
    refuse 1004 NotConfigured 'the setting `apiKey` is missing' '{}'
    return
  elif [[ $key == revoked ]]; then
    refuse 1201 UpstreamError 'Acme does not know the key' '{}'
    return
  fi
  notify '$/accepted' "{\"remoteId\": \"acme-$(param jobId)\", \"charged\": \"yes\"}"
  for step in 1 2 3 4; do
    notify '$/progress' "{\"seq\": $step, \"fraction\": $(jq -n "$step / 4"), \"stage\": \"painting\"}"
    sleep 0.05
  done
  cat >"$(param jobDir)/out/painting.svg" <<SVG
<svg xmlns="http://www.w3.org/2000/svg" width="${width:-512}" height="${width:-512}"><rect width="100%" height="100%" fill="${colour:-black}"/></svg>
SVG
  answer "$(jq -n --arg address "$address" '{
    outputs: [{kind: "image", mime: "image/svg+xml", path: "out/painting.svg"}],
    usage: {cost: "0.04", currency: "USD"},
    meta: {paintedAt: $address}
  }')"
}

while IFS= read -r line; do
  [[ ${line:0:3} != $'\xef\xbb\xbf' ]] || line=${line:3}
  [[ -n $line && $line != $'\r' ]] || continue
  IFS=$'\t' read -r id method < <(jq -r 'objects | [(.id | tojson), .method? // ""] | @tsv' <<<"$line" 2>/dev/null) || continue
  case $state:$method in
    *:exit) exit 0 ;;
    *:initialize) initialize ;;
    *:ping) answer '{}' ;;
    *:health)
      answer "{\"status\": \"healthy\", \"uptimeMs\": $((SECONDS * 1000)), \"activeJobs\": 0, \"queuedJobs\": 0}" ;;
    *:shutdown)
      state=draining
      answer '{}' ;;
    started:?*) refuse 1001 NotInitialized "\`$method\` came before \`initialize\`" '{}' ;;
    draining:transform) refuse -32802 '' 'the provider is shutting down' '{}' ;;
    *:transform) is_right && paint ;;
    *:configure) configure ;;
    *:models) answer "$(jq '{models}' <<<"$declaration")" ;;
    *:estimate) answer '{"cost": "0.04", "currency": "USD", "timeMs": 200}' ;;
    *) [[ -z $method || $id == null ]] || refuse -32601 '' "no method \`$method\`" '{}' ;;
  esac
done
