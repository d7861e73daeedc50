import { Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./contracts/google/rpc/error_details_pb.js";

/** What is wrong with one field of a request. */
export interface Violation {
  /** The path of the field, such as "items[0].unit_price". */
  readonly field: string;
  /** What is wrong, and what would be right. */
  readonly description: string;
}

/** Why a call failed: what the platform said, or that it could not be reached. */
export class QuanyuError extends Error {
  override readonly name = "QuanyuError";
  /** The status, as of gRPC. */
  readonly code: Code;
  /** The reason, such as "INSUFFICIENT_POINTS": one of an ErrorReason of the contracts. Empty where the platform gave none. */
  readonly reason: string;
  /** Whose reason it is, such as "quanyu.points". */
  readonly domain: string;
  /** What belongs to the reason, such as `available` and `requested`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** All that is wrong with the request's fields. */
  readonly violations: readonly Violation[];
  /** How long the platform asks to wait before the request is repeated. */
  readonly retryDelayMs: number | undefined;
  /** The id of the request: repeat it with this one where it may have taken effect. Empty where nothing could. */
  readonly requestId: string;
  /** How many times the request was sent. */
  readonly attempts: number;
  /** What the transport says. */
  override readonly cause: ConnectError;

  constructor(cause: ConnectError, requestId: string, attempts: number) {
    super(cause.rawMessage, { cause });
    const info = cause.findDetails(ErrorInfoSchema)[0];
    const delay = cause.findDetails(RetryInfoSchema)[0]?.retryDelay;
    this.code = cause.code;
    this.reason = info?.reason ?? "";
    this.domain = info?.domain ?? "";
    this.metadata = info?.metadata ?? {};
    this.violations = cause
      .findDetails(BadRequestSchema)
      .flatMap((bad) => bad.fieldViolations.map(({ field, description }) => ({ field, description })));
    this.retryDelayMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
    this.requestId = requestId;
    this.attempts = attempts;
    this.cause = cause;
  }

  /** The same of whatever a transport threw. */
  static from(thrown: unknown, requestId = "", attempts = 1): QuanyuError {
    return thrown instanceof QuanyuError ? thrown : new QuanyuError(ConnectError.from(thrown), requestId, attempts);
  }
}

/** What the platform answered, and no less: an error that a transport made by itself carries no headers. */
export function isAnswer(error: ConnectError): boolean {
  return !error.metadata.keys().next().done;
}

/** What operating systems and Node.js say of connections that are not there or break. */
const BROKEN = /^(ECONN|EPIPE$|ETIMEDOUT$|EHOST|ENET|ENOTFOUND$|EAI_AGAIN$|ERR_HTTP2_|ERR_STREAM_|UND_ERR_)/;
/** What they say where there was no connection. */
const UNCONNECTED = /^(ECONNREFUSED|EHOST.*|ENET.*|ENOTFOUND|EAI_AGAIN)$/;
/** What a transport says of streams that end before their time. What cannot be written or read is not among it. */
const CUT = /^(http\/2 |protocol error: missing|the operation was aborted|session|this operation was aborted)/i;

/** Whether a connection broke, or there was none. */
export function isBroken(error: ConnectError): boolean {
  if (isAnswer(error)) {
    return false;
  }
  const codes = codesOf(error);
  if (codes.length > 0) {
    return codes.some((code) => BROKEN.test(code));
  }
  // A browser tells nothing but that fetch failed.
  return error.cause instanceof TypeError || CUT.test(error.rawMessage);
}

/** Whether the request was certainly not sent. */
export function isUnsent(error: ConnectError): boolean {
  return !isAnswer(error) && codesOf(error).some((code) => UNCONNECTED.test(code));
}

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if ("code" in at && typeof at.code === "string") {
      codes.push(at.code);
    }
  }
  return codes;
}
