"""Verifies webhooks with the libraries that others use: `standardwebhooks` for v1, `cryptography` for v1a.

Reads JSON lines {"id", "timestamp", "signature", "body", "secret" or "publicKey"} and answers a line each: "ok", or what was wrong."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError


def verify_secret(case: dict) -> str:
    headers = {name: case[key] for name, key in (
        ("webhook-id", "id"), ("webhook-timestamp", "timestamp"), ("webhook-signature", "signature"))}
    try:
        Webhook(case["secret"]).verify(case["body"], headers)
    except WebhookVerificationError as error:
        return str(error)
    return "ok"


def verify_public_key(case: dict) -> str:
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(case["publicKey"].removeprefix("whpk_"), validate=True))
    message = f"{case['id']}.{case['timestamp']}.{case['body']}".encode()
    for signature in case["signature"].split(" "):
        version, _, text = signature.partition(",")
        if version != "v1a":
            continue
        try:
            key.verify(base64.b64decode(text, validate=True), message)
            return "ok"
        except InvalidSignature:
            pass
    return "no signature fits"


for line in sys.stdin:
    case = json.loads(line)
    print(verify_secret(case) if "secret" in case else verify_public_key(case), flush=True)
