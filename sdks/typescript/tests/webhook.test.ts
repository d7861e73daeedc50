import assert from "node:assert/strict";
import { test } from "node:test";

import { verifyWebhook, WebhookError } from "../src/webhook.js";

// The example of the specification, Standard Webhooks.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"test": 2432232314}';
const headers = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const then = new Date(1614265330_000);
const other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

test("a message of the one who knows the secret is believed", async () => {
  const message = await verifyWebhook(body, headers, secret, { now: then });
  assert.deepEqual(message, { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: then });
  await verifyWebhook(new TextEncoder().encode(body), new Headers(headers), secret, { now: then });
  const { "webhook-id": id, ...rest } = headers;
  await verifyWebhook(body, { ...rest, "Webhook-Id": id }, secret.slice("whsec_".length), { now: then });
});

test("while one secret follows another, either will do, and so will either signature", async () => {
  await verifyWebhook(body, headers, [other, secret], { now: then });
  const signatures = `v1,${btoa("x".repeat(32))} v1a,abc v2,${btoa("y")} ${headers["webhook-signature"]}`;
  await verifyWebhook(body, { ...headers, "webhook-signature": signatures }, secret, { now: then });
});

test("whatever was changed is not believed", async () => {
  const wrong: [string, Record<string, string>, string][] = [
    [body + " ", headers, secret],
    [body, headers, other],
    [body, { ...headers, "webhook-id": "msg_another" }, secret],
    [body, { ...headers, "webhook-timestamp": "1614265331" }, secret],
    [body, { ...headers, "webhook-timestamp": "1614265330.0" }, secret],
    [body, { ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,") }, secret],
    [body, { ...headers, "webhook-signature": "v1,no base64" }, secret],
    [body, { ...headers, "webhook-signature": "" }, secret],
    [body, { "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek" }, secret],
  ];
  for (const [text, given, key] of wrong) {
    await assert.rejects(verifyWebhook(text, given, key, { now: then }), WebhookError, JSON.stringify([text, given]));
  }
});

test("a message is believed for five minutes, either way", async () => {
  for (const seconds of [-300, 300]) {
    await verifyWebhook(body, headers, secret, { now: new Date(then.getTime() + seconds * 1000) });
  }
  for (const seconds of [-301, 301]) {
    const now = new Date(then.getTime() + seconds * 1000);
    await assert.rejects(verifyWebhook(body, headers, secret, { now }), WebhookError);
  }
  const now = new Date(then.getTime() + 301_000);
  await verifyWebhook(body, headers, secret, { now, toleranceSeconds: 600 });
});
