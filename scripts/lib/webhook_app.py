"""A small webhook app: what a customer of Belay writes, in one file of Python's standard library.

    BELAY_SIGNING_SECRET=… python3 webhook_app.py "What to say"

Prints where it listens, then each webhook as it comes. Checks every signature. Answers outDialApiConnect with a script
that says the text and hangs up, everything else with an empty list.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["BELAY_SIGNING_SECRET"]
TEXT = sys.argv[1]
LONGEST_BODY = 1 << 20


def is_signed(body, header):
    """FreeClimb-Signature is t=SECONDS,v1=HEX: HMAC-SHA256 over SECONDS "." BODY with the signing secret."""
    parts = [part.partition("=") for part in header.split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    if not stamp.isdigit() or abs(time.time() - int(stamp)) > 300:
        return False
    expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(name == "v1" and hmac.compare_digest(value, expected) for name, _, value in parts)


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.answer(400, {"error": "Content-Length is missing or too large"})
            return
        body = self.rfile.read(int(length))
        if not is_signed(body, self.headers.get("FreeClimb-Signature", "")):
            print(f"webhook {self.path}: the signature does not fit", flush=True)
            self.answer(403, {"error": "signature"})
            return
        webhook = json.loads(body)
        kind = webhook.get("requestType")
        reason = f", {webhook['callEndedReason']}" if "callEndedReason" in webhook else ""
        script = []
        if kind == "outDialApiConnect" and webhook["callStatus"] == "inProgress":
            script = [{"Say": {"text": TEXT}}, {"Hangup": {}}]
        print(f"webhook {self.path}: {kind} ({webhook.get('callStatus')}{reason}), signature fits, "
              f"answered with {json.dumps(script)}", flush=True)
        self.answer(200, script)

    def answer(self, status, document):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass  # its own line for each webhook says more


server = ThreadingHTTPServer(("127.0.0.1", 0), App)
server.daemon_threads = True
print(f"listening: http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
