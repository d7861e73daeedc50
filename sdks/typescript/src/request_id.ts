import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** A new id, which sorts by its time: a UUID of version 7 (RFC 9562, section 5.7). */
export function newRequestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  for (let place = 5; place >= 0; place--) {
    bytes[place] = time % 256;
    time = Math.floor(time / 256);
  }
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The messages that have a request id, which are asked for at every call. */
const known = new WeakMap<DescMessage, boolean>();

function hasRequestId(message: DescMessage): boolean {
  let has = known.get(message);
  if (has === undefined) {
    has = message.field["requestId"] !== undefined;
    known.set(message, has);
  }
  return has;
}

/**
 * A request with an id that is kept over all attempts: the caller's own, or else a new one. The caller's object stays as
 * it is. A request of a method that changes nothing has none, and the id is empty.
 */
export function withRequestId<I extends DescMessage>(
  message: I,
  request: MessageInitShape<I>,
): { request: MessageInitShape<I>; requestId: string } {
  if (!hasRequestId(message)) {
    return { request, requestId: "" };
  }
  const given = (request as { requestId?: string }).requestId;
  if (given) {
    return { request, requestId: given };
  }
  const requestId = newRequestId();
  return { request: { ...request, requestId }, requestId };
}
