"""A service for tests: what it does is said by its environment."""
import http.server
import os
import sys
import time

if os.environ.get("SAY"):
    print(os.environ["SAY"], file=sys.stderr, flush=True)
if os.environ.get("EXIT"):
    sys.exit(int(os.environ["EXIT"]))
if os.environ.get("EAT"):
    kept = bytearray(int(os.environ["EAT"]))
BORN = time.monotonic()
DEAF = []


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            print("crashing as told", file=sys.stderr, flush=True)
            os._exit(3)
        if self.path == "/deaf":
            DEAF.append(True)
        loading = time.monotonic() - BORN < float(os.environ.get("LOAD", "0")) or DEAF
        status, state = (503, "loading") if loading else (200, "ok")
        if self.path == "/env":
            state = ",".join(f"{name}={os.environ[name]}" for name in sorted(os.environ))
        if self.path == "/pid":
            state = str(os.getpid())
        body = ('{"status":"%s"}' % state).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


print("listening", flush=True)
http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
