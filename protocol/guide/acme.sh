#!/usr/bin/env bash
# Acme pretends to paint on a server far away. `plugins/README.md` quotes it for what the reference provider has no
# use for: prices, settings with a secret, a service, a job that was accepted, named errors.
set -u

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

# Answers with an error: code, kind, message, what else there is to say.
refuse() {
  frame --argjson code "$1" --arg kind "$2" --arg message "$3" --argjson more "$4" \
    '{jsonrpc: "2.0", id: $id, error: {code: $code, message: $message, data: ({kind: $kind} + $more)}}'
}

# Reads a value of the parameters.
param() {
  jq -r ".params.$1 // empty" <<<"$line"
}

key= address=

configure() {
  if [[ $(jq -r '.params.config.apiKey | type' <<<"$line") != @(string|null) ]]; then
    refuse 1005 ConfigInvalid 'setting `apiKey`: expected a string' '{"retryable": false}'
    return
  fi
  key=$(param config.apiKey)
  if [[ -z $key ]]; then
    refuse 1004 NotConfigured 'the setting `apiKey` is missing' '{"retryable": false}'
    return
  fi
  address=$(param config.baseUrl)
  address=${address:-$(param services.backend.endpoints.http)}
  frame '{jsonrpc: "2.0", method: "$/startup", params: {stage: "logging in", fraction: 0.5}}'
  answer '{"ready": true}'
}

paint() {
  local text width colour step
  text=$(param 'inputs[0].text') width=$(param options.width) colour=$(param options.colour)
  case $text in
    *forbidden*)
      refuse 1202 ContentRejected 'Acme paints nothing that is forbidden' '{"retryable": false}'
      return ;;
    *busy*)
      refuse 1102 RateLimited 'the account may have 10 paintings a minute' '{"retryable": true, "retryAfterMs": 6000}'
      return ;;
  esac
  if [[ $key == revoked ]]; then
    refuse 1201 UpstreamError 'Acme does not know the key' '{"retryable": false}'
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
  method=$(jq -r '.method? // empty' <<<"$line" 2>/dev/null) || continue
  id=$(jq -c '.id' <<<"$line" 2>/dev/null) || continue
  case $method in
    initialize) answer "$declaration" ;;
    configure) configure ;;
    models) answer "$(jq '{models}' <<<"$declaration")" ;;
    estimate) answer '{"cost": "0.04", "currency": "USD", "timeMs": 200}' ;;
    transform) paint ;;
    health) answer "{\"status\": \"healthy\", \"uptimeMs\": $((SECONDS * 1000)), \"activeJobs\": 0, \"queuedJobs\": 0}" ;;
    ping | shutdown) answer '{}' ;;
    exit) exit 0 ;;
    *) [[ -z $method || $id == null ]] || refuse -32601 MethodNotFound "no method \`$method\`" '{}' ;;
  esac
done
