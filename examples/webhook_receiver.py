"""Takes what Jalur posts to a webhook. Needs Python alone, and the secret that `jalur webhooks add` printed."""

import base64
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

_OLDEST_S = 300  # the time is signed too: what somebody else recorded and sends again later is refused


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether these bytes, as they came, were signed with our secret just now; `headers` by lower-case name."""
    try:
        id_, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        if abs(time.time() - int(timestamp)) > _OLDEST_S:
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, "sha256")
        # several while the secret is being changed
        signatures = [one[3:] for one in headers["webhook-signature"].split() if one.startswith("v1,")]
        return any(hmac.compare_digest(base64.b64decode(one), expected) for one in signatures)
    except (KeyError, ValueError):
        return False


seen: set[str] = set()  # a database is better


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_genuine(os.environ["JALUR_WEBHOOK_SECRET"], headers, body):
            self.send_error(401)
            return
        if headers["webhook-id"] not in seen:  # else it has come before
            print(json.loads(body), flush=True)
            seen.add(headers["webhook-id"])
        self.send_response(204)  # afterwards: anything but 2xx, and it comes again
        self.end_headers()


if __name__ == "__main__":
    # behind a proxy that speaks TLS
    HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Receiver).serve_forever()
