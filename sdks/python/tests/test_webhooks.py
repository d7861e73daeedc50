import base64
import hashlib
import hmac
import unittest

from quanyu import WebhookError, verify_webhook

NOW = 1_700_000_000
SECRET, OTHER = "whsec_" + base64.b64encode(b"a secret of a shop").decode(), "whsec_" + base64.b64encode(b"another").decode()
BODY = b'{"type":"points.earned"}'


def headers(secret: str = SECRET, body: bytes = BODY, at: int = NOW) -> dict[str, str]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"msg_1.{at}.".encode() + body, hashlib.sha256)).decode()
    return {"Webhook-Id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


class WebhookTest(unittest.TestCase):
    def test_a_message_of_one_who_knows_the_secret_is_believed(self) -> None:
        # The example of the specification.
        given = {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        believed = verify_webhook('{"test": 2432232314}', given, secret, now=1614265330)
        self.assertEqual((believed.id, believed.timestamp), ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330))
        self.assertEqual(verify_webhook(BODY, headers(), SECRET, now=NOW).id, "msg_1")

    def test_while_one_secret_follows_another_either_will_do(self) -> None:
        verify_webhook(BODY, headers(OTHER), [SECRET, OTHER], now=NOW)
        both = headers() | {"webhook-signature": "v1,AAAA v2,x " + headers()["webhook-signature"]}
        verify_webhook(BODY, both, [SECRET], now=NOW)
        with self.assertRaises(WebhookError):
            verify_webhook(BODY, headers(OTHER), [SECRET], now=NOW)

    def test_whatever_was_changed_is_not_believed(self) -> None:
        changes = [{"Webhook-Id": "msg_2"}, {"webhook-timestamp": str(NOW + 1)}, {"webhook-timestamp": "now"}]
        changes += [{"webhook-signature": one} for one in ("", "v1,", "v1", "v1a," + headers()["webhook-signature"][3:], "v1,é")]
        for change in changes:
            with self.assertRaises(WebhookError, msg=str(change)):
                verify_webhook(BODY, headers() | change, SECRET, now=NOW)
        with self.assertRaises(WebhookError):
            verify_webhook(BODY + b" ", headers(), SECRET, now=NOW)
        for name in headers():
            with self.assertRaises(WebhookError, msg=name):
                verify_webhook(BODY, {key: value for key, value in headers().items() if key != name}, SECRET, now=NOW)
        for secret in ("", "whsec_", "whsec_%"):
            with self.assertRaises(ValueError):
                verify_webhook(BODY, headers(), secret, now=NOW)

    def test_a_message_is_believed_for_five_minutes_either_way(self) -> None:
        for late in (-300, 300):
            verify_webhook(BODY, headers(), SECRET, now=NOW + late)
        for late in (-301, 301):
            with self.assertRaises(WebhookError):
                verify_webhook(BODY, headers(), SECRET, now=NOW + late)
        with self.assertRaises(WebhookError):
            verify_webhook(BODY, headers(), SECRET)
