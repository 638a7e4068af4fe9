# What the provider is, and what it says. It gives commands to `provider.sh`, which explains them.

def whole($least; $most; $default; $what):
  {type: "integer", minimum: $least, maximum: $most, default: $default, description: $what};
def delay: {delayMs: whole(0; 60000; 0; "Milliseconds that it takes")};
def schema: {type: "object", properties: ., additionalProperties: false};

# The options of each capability.
def schemas: {
  "text-to-text": ({times: whole(1; 100; 1; "How often the text is said")} + delay | schema),
  "image-to-image": (delay | schema)
};
def capabilities: schemas | keys_unsorted;
def models: [{id: "echo", name: "Echo", capabilities: capabilities, options: schemas, isFree: true}];
def declaration: {
  protocolVersion: "1.0",
  provider: {id: "echo", name: "Echo", version: "0.1.0", type: "local"},
  capabilities: capabilities,
  models: models,
  # One thing at a time, deaf meanwhile: whoever cancels a job restarts the provider.
  limits: {maxInFlight: 1}, liveness: "none", cancel: "restart"
};

# A refusal is raised, and becomes the answer in `reply`. Data is for the protocol's own kinds of error.
def refuse($code; $message; $data): error({code: $code, message: $message} + $data);
def kind($name; $more): {data: ({kind: $name, retryable: false} + $more)};
def invalid($message; $more): refuse(-32602; $message; $more);
def invalid_media($message): refuse(1203; $message; kind("InvalidMedia"; {}));

def say: ({jsonrpc: "2.0"} + .) | tojson | "say \(utf8bytelength)\n\(.)";
def too_large($what; $size; $limit):
  refuse(1205; "\($what) has \($size) bytes; the limit is \($limit)"; kind("FrameTooLarge"; {size: $size, limit: $limit}));

def need($name; $wanted):
  .[$name] | if type == $wanted then . else invalid("`\($name)`: expected a \($wanted), got a \(type)"; {}) end;

def option($name; $schema):
  $schema.properties[$name] as $rule | .[$name] as $value
  | if $value == null then $rule.default
    elif ($value | type) == "number" and ($value | floor) == $value and $value >= $rule.minimum and $value <= $rule.maximum
    then $value
    else ($value | tojson[:100]) as $got
      | invalid("option `\($name)`: expected an integer from \($rule.minimum) to \($rule.maximum), got \($got)";
                {data: {option: $name, got: $got}})
    end;

# The primary input, which is the first without a role.
def input_of($kind):
  [.inputs[] | select(type == "object" and .role == null)][0]
  | if . == null then invalid_media("the job has no input; one is needed")
    elif .kind != $kind then invalid_media("the input is \(.kind); \($kind) is needed")
    else . end;

# Says the text `times` times, each as progress, a pause and a chunk, and then all of it as the answer.
def say_text($id; $times; $seconds; $limit):
  input_of("text").text as $text
  | if ($text | type) != "string" then invalid_media("the input is not inline") else . end
  | {id: $id, result: {outputs: [{kind: "text", mime: "text/plain", text: ([range($times) | $text] | join(" "))}]}}
  | . as $answer | ({jsonrpc: "2.0"} + . | tojson | utf8bytelength) as $size
  | if $size > $limit then too_large("the answer"; $size; $limit) else . end
  | (range($times) as $time
      | ({method: "$/progress", params: {id: $id, seq: (2 * $time + 1), fraction: ($time / $times), stage: "echoing"}} | say),
        (if $seconds > 0 then "wait \($seconds / $times)" else empty end),
        ({method: "$/chunk", params: {id: $id, seq: (2 * $time + 2), text: ((if $time > 0 then " " else "" end) + $text)}} | say)),
    ($answer | say);

# Has the picture copied: what is no text is read and written beneath the job's directory.
def copy_image($id; $seconds):
  need("jobDir"; "string") as $dir | input_of("image") as {$path, $mime}
  | if ($path | type) != "string" then invalid_media("the input is not in a file")
    elif "\($dir)/\($path)" | test("/\\.{0,2}(/|$)|\\\\|\n") then invalid_media("the input's path leaves the job's directory")
    else . end
  | ($mime | tostring | sub("^.*/"; "") | if . == "jpeg" then "jpg" elif test("^[a-z0-9]+$") then . else "bin" end) as $extension
  | "out/echo.\($extension)" as $output
  | ({method: "$/progress", params: {id: $id, seq: 1, fraction: 0, stage: "echoing"}} | say),
    (if $seconds > 0 then "wait \($seconds)" else empty end),
    "copy \($id)", "\($dir)/\($path)", "\($dir)/\($output)", ({outputs: [{kind: "image", mime: $mime, path: $output}]} | tojson);

def transform($id; $limit):
  need("model"; "string") as $model | need("capability"; "string") as $capability | need("jobId"; "string") as $_
  | (need("inputs"; "array") | all(.[]; type == "object" and (.mime | type) == "string" and ([.text, .path, .url] | map(values) | length) == 1)) as $sound
  | if $sound then . else invalid("`inputs`: expected media with a mime and one of text, path and url"; {}) end
  | (if has("options") then need("options"; "object") else {} end) as $options
  | schemas[$capability] as $schema
  | if $model != "echo" then refuse(1006; "no model `\($model[:100])`; there is: echo"; kind("ModelNotFound"; {}))
    elif $schema == null then
      refuse(1003; "the model `echo` has no capability `\($capability[:100])`"; kind("CapabilityNotDeclared"; {}))
    else . end
  | ($options | keys - ($schema.properties | keys) | .[0]) as $unknown
  | if $unknown != null then invalid("option `\($unknown[:100])`: unknown"; {data: {option: $unknown[:100]}}) else . end
  | ($options | option("delayMs"; $schema) / 1000) as $seconds
  | if $capability == "image-to-image" then copy_image($id; $seconds)
    else say_text($id; ($options | option("times"; $schema)); $seconds; $limit) end;

def initialize:
  need("host"; "object") as $_ | need("limits"; "object") as $_ | need("protocolVersions"; "array")
  | if index("1.0") then declaration
    else refuse(1002; "this provider speaks protocol 1.0 only"; kind("UnsupportedProtocolVersion"; {supported: ["1.0"]})) end;

# Answers a request, given what happened before it.
def method($id; $name; $size; $past):
  def answer: {id: $id, result: .} | say;
  if $size > $past.limit then too_large("the request"; $size; $past.limit) else . end
  | if . == null then {} elif type == "object" then . else invalid("params: expected an object"; {}) end
  | if $name == "ping" or $name == "shutdown" then {} | answer
    elif $name == "health" then
      {status: "healthy", uptimeMs: ((now - $past.began) * 1000 | floor), activeJobs: 0, queuedJobs: 0} | answer
    elif $name == "initialize" and $past.open then refuse(-32600; "`initialize` came twice"; {})
    elif $name == "initialize" then initialize | answer
    elif $past.open | not then refuse(1001; "`\($name[:80])` came before `initialize`"; kind("NotInitialized"; {}))
    elif $name == "configure" then {ready: true} | answer
    elif $name == "models" then {models: models} | answer
    elif $name == "transform" and $past.stopping then refuse(-32802; "the provider is shutting down"; {})
    elif $name == "transform" then transform($id; $past.limit)
    else refuse(-32601; "no method `\($name[:80])`"; {}) end;

# Answers once, whatever is wrong. All is known before anything is said, so a refusal never comes second.
def reply($frame; $size; $past):
  try [$frame.params | method($frame.id; $frame.method; $size; $past)]
  catch [{id: $frame.id, error: (if type == "object" then . else {code: -32603, message: tostring} end)} | say];

# What a line is: a frame, or noise, which is null. Nobody answers noise.
def frame:
  ltrimstr("\ufeff") | if test("^\\s*\\{") then (try fromjson catch null) else null end
  | if type == "object" and .jsonrpc == "2.0" and (.method | type) == "string" and (has("result") or has("error") | not)
      and (if has("id") then .id | type == "number" and . == floor and . >= 0 and . <= 9007199254740991 else true end)
    then . else null end;

# The conversation: each line makes commands, and the past of the next.
foreach inputs as $line (
  {open: false, stopping: false, limit: 8388608, began: now, commands: []};
  . as $past | ($line | frame) as $frame
  | if $frame == null then .commands = []
    elif $frame | has("id") then .commands = reply($frame; ($line | utf8bytelength); $past)
    else .commands = (if $frame.method == "exit" then ["bye"] else [] end) end
  | if $frame.method == "shutdown" then .stopping = true else . end
  | if $frame.method == "initialize" and (.commands[0] // "" | test("\"result\":")) then
      .open = true | .limit = ($frame.params.limits.maxFrameBytes // .limit)
    else . end;
  .commands[]
)
