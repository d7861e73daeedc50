/** How far the time of a message may be from the clock's, either way. */
const TOLERANCE_SECONDS = 300;

/** A message that the webhook's secret has proved. */
export interface Webhook {
  /** The message's id: the same when it is delivered again. */
  readonly id: string;
  /** When it was sent. */
  readonly timestamp: Date;
}

/** Why a message is not believed. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

/**
 * Verifies a message by Standard Webhooks (version 1, HMAC-SHA256): that one who knows a secret has sent this very body,
 * within the last five minutes. Throws a WebhookError where it is not so.
 *
 * `body` is the body as it came, before anybody parsed it. `secrets` are those that are valid now: two while one follows
 * the other. `headers` hold webhook-id, webhook-timestamp and webhook-signature. Keep the ids of the last minutes to tell a
 * message that comes a second time.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  secrets: string | readonly string[],
  options: { readonly toleranceSeconds?: number; readonly now?: Date } = {},
): Promise<Webhook> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (!/^[0-9]{1,12}$/.test(timestamp)) {
    throw new WebhookError("webhook-timestamp is no time in seconds");
  }
  const now = (options.now ?? new Date()).getTime() / 1000;
  if (Math.abs(now - Number(timestamp)) > (options.toleranceSeconds ?? TOLERANCE_SECONDS)) {
    throw new WebhookError("the message is too old, or its time has not come: see that the clock is right");
  }
  const content = signedContent(id, timestamp, body);
  const candidates = signatures.split(" ").filter((signature) => signature.startsWith("v1,"));
  for (const secret of typeof secrets === "string" ? [secrets] : secrets) {
    const key = await keyOf(secret);
    for (const candidate of candidates) {
      const signature = bytesOf(candidate.slice("v1,".length));
      // Compares in constant time.
      if (signature && (await crypto.subtle.verify("HMAC", key, signature, content))) {
        return { id, timestamp: new Date(Number(timestamp) * 1000) };
      }
    }
  }
  throw new WebhookError("no signature is of one of the secrets: the body, the id or the time is not what was signed");
}

function headerOf(
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
): string {
  let value: string | readonly string[] | null | undefined;
  if (headers instanceof Headers) {
    value = headers.get(name);
  } else {
    value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  }
  if (typeof value !== "string" || value === "") {
    throw new WebhookError(`the header ${name} is missing`);
  }
  return value;
}

function signedContent(id: string, timestamp: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const head = encoder.encode(`${id}.${timestamp}.`);
  const tail = typeof body === "string" ? encoder.encode(body) : body;
  const content = new Uint8Array(head.length + tail.length);
  content.set(head);
  content.set(tail, head.length);
  return content;
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = bytesOf(secret.replace(/^whsec_/, ""));
  if (!bytes || bytes.length === 0) {
    throw new TypeError("a webhook's secret is whsec_ and base64");
  }
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** What a text in base64 stands for; undefined where it is none. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
