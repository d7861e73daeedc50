/** What opens the platform: an API key or a token; or a function that gives one, asked at each attempt. */
export type Credential = string | (() => string | Promise<string>);

/** How a client calls, wherever it runs. */
export interface CommonOptions {
  /** An API key, or a token of an issuer that the platform trusts. */
  readonly key: Credential;
  /** How long a call may take with all its attempts: 10 seconds where nothing is said. A call's own `timeoutMs` comes first. */
  readonly deadlineMs?: number;
  /** False: nothing is repeated. */
  readonly retries?: boolean;
}

const DEADLINE_MS = 10_000;

/** What `repeating` needs, of a client's options. */
export function repeatingOf({ key, deadlineMs = DEADLINE_MS, retries = true }: CommonOptions) {
  if (!(deadlineMs > 0)) {
    throw new RangeError(`a call has a deadline of more than 0 ms: ${deadlineMs}`);
  }
  const fixed = typeof key === "string" ? { authorization: `Bearer ${key}` } : undefined;
  const headers = (given: HeadersInit | undefined): HeadersInit | Promise<HeadersInit> => {
    if (fixed && given === undefined) {
      return fixed;
    }
    return withKey(key, given);
  };
  return { deadlineMs, retries, headers };
}

async function withKey(key: Credential, given: HeadersInit | undefined): Promise<Headers> {
  const headers = new Headers(given);
  if (!headers.has("authorization")) {
    headers.set("authorization", `Bearer ${typeof key === "string" ? key : await key()}`);
  }
  return headers;
}

/** The address of a platform without a slash at its end. */
export function baseUrlOf(address: string): string {
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`${address} is no address of a platform: it begins with https:// or http://`);
  }
  return url.href.replace(/\/+$/, "");
}
