"""The client of Quanyu, the member platform. `quanyu.Client` is for threads, `quanyu.aio.Client` for asyncio."""

from quanyu._client import Client
from quanyu._options import Tls
from quanyu.errors import QuanyuError, Violation
from quanyu.money import decimals, money, money_text
from quanyu.webhooks import Webhook, WebhookError, verify_webhook

__all__ = [
    "Client",
    "QuanyuError",
    "Tls",
    "Violation",
    "Webhook",
    "WebhookError",
    "decimals",
    "money",
    "money_text",
    "verify_webhook",
]
__version__ = "0.1.0"
