"""Verifies messages by Standard Webhooks, version 1 with HMAC-SHA256 (https://www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# How far the time of a message may be from the clock's, either way.
TOLERANCE_SECONDS = 300.0


@dataclass(frozen=True)
class Webhook:
    """A message that a secret has proved."""

    # The message's id: the same when it is delivered again.
    id: str
    # When it was sent, in seconds of Unix time.
    timestamp: int


class WebhookError(Exception):
    """Why a message is not believed."""


def verify_webhook(
    body: str | bytes,
    headers: Mapping[str, str],
    secrets: str | Sequence[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Webhook:
    """Proves that one who knows a secret has sent this very body within the last five minutes, or raises WebhookError.

    `body` is the body as it came, before anybody parsed it. `secrets` are those that are valid now: two while one follows
    the other. Keep the ids of the last minutes to tell a message that comes a second time.
    """
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not given.get(name):
            raise WebhookError(f"the header {name} is missing")
    message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        raise WebhookError("webhook-timestamp is no time in seconds")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise WebhookError("the message is too old, or its time has not come: see that the clock is right")
    content = f"{message_id}.{timestamp}.".encode() + (body.encode() if isinstance(body, str) else body)
    signatures = [one[3:].encode() for one in given["webhook-signature"].split(" ") if one.startswith("v1,")]
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        expected = base64.b64encode(hmac.digest(_key(secret), content, hashlib.sha256))
        # Compares in constant time.
        if any(hmac.compare_digest(expected, signature) for signature in signatures):
            return Webhook(message_id, int(timestamp))
    raise WebhookError("no signature is of one of the secrets: the body, the id or the time is not what was signed")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("a webhook's secret is whsec_ and base64")
    return key
