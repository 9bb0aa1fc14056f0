"""A webhook receiver that believes only what is signed (Standard Webhooks: https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time

from .processes import BenchError


class WebhookReceiver:
    """Listens on loopback from construction to `close`."""

    def __init__(self):
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self._key = base64.b64decode(self.secret.removeprefix("whsec_"))
        self._arrivals: dict[str, tuple] = {}
        self._arrived = threading.Condition()
        self.refused = 0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                accepted = receiver._accept(self.headers, body, time.monotonic())
                self.send_response(204 if accepted else 401)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _accept(self, headers, body: bytes, at: float) -> bool:
        signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        given = headers.get("webhook-signature", "").split(" ")
        with self._arrived:
            if not any(hmac.compare_digest(wanted, one) for one in given):
                self.refused += 1
                self._arrived.notify_all()
                return False
            data = json.loads(body)["data"]
            self._arrivals.setdefault(data.get("request", ""), (at, data["runs"]))
            self._arrived.notify_all()
            return True

    def wait(self, request: str, timeout: float, check=lambda: None) -> tuple:
        """Waits for the webhook about a request; gives the moment when it came (monotonic clock) and what it says of runs.

        `check` is called about once a second and raises what makes further waiting vain."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while request not in self._arrivals:
                if self.refused:
                    raise BenchError(f"{self.refused} webhooks came with a wrong signature")
                if time.monotonic() > deadline:
                    raise BenchError(f"no webhook about request {request} came within {timeout:.0f} s")
                self._arrived.wait(timeout=1)
                check()
            return self._arrivals.pop(request)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
