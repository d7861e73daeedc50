import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import type { ContextValues, StreamResponse, Transport, UnaryResponse } from "@connectrpc/connect";

import { Budget } from "./budget.js";
import { isBroken, isUnsent, QuanyuError } from "./error.js";
import { withRequestId } from "./request_id.js";

/** The pause before the first repetition, at the most; it doubles each time. */
const PAUSE_MS = 50;
/** The longest pause, but for one that the platform asks for. */
const PAUSE_MAX_MS = 2000;
/** The part of the whole deadline that the first attempt has; after one that ran out of time, the next has twice as long. */
const FIRST_ATTEMPT_PART = 0.25;

/** How calls are repeated. */
export interface Repeating {
  /** How long a call may take with all its attempts, where its own `timeoutMs` does not say. */
  readonly deadlineMs: number;
  /** Whether calls are repeated at all. */
  readonly retries: boolean;
  /** The headers of each attempt, given those of the call. */
  readonly headers: (given: HeadersInit | undefined) => HeadersInit | Promise<HeadersInit>;
}

/**
 * A transport that repeats what is safe to repeat, with the same request id. Every unary method whose contract says so has
 * its effect once for its request id, however often it is called. Streams pass as they are: what one has done so far only
 * its caller knows.
 */
export function repeating(inner: Transport, options: Repeating): Transport {
  const budget = new Budget();
  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInit | undefined,
      input: MessageInitShape<I>,
      contextValues?: ContextValues,
    ): Promise<UnaryResponse<I, O>> {
      const deadlineMs = timeoutMs ?? options.deadlineMs;
      if (!(deadlineMs > 0)) {
        throw new RangeError(`a call has a deadline of more than 0 ms: ${deadlineMs}`);
      }
      const end = performance.now() + deadlineMs;
      const { request, requestId } = withRequestId(method.input, input);
      const mayBeRepeated = options.retries && isSafe(method);
      let attemptMs = mayBeRepeated ? deadlineMs * FIRST_ATTEMPT_PART : deadlineMs;
      budget.deposit();
      for (let attempt = 1; ; attempt++) {
        try {
          const limitMs = Math.max(1, Math.ceil(Math.min(attemptMs, end - performance.now())));
          const headers = await options.headers(header);
          return await inner.unary(method, signal, limitMs, headers, request, contextValues);
        } catch (thrown) {
          const error = QuanyuError.from(thrown, requestId, attempt);
          const pauseMs = error.retryDelayMs || pauseAfter(attempt);
          const isInTime = performance.now() + pauseMs < end;
          if (!mayBeRepeated || signal?.aborted || !isPassing(error) || !isInTime) {
            throw error;
          }
          if (!isUnsent(error.cause) && !budget.withdraw()) {
            throw error;
          }
          if (error.code === Code.DeadlineExceeded) {
            attemptMs *= 2;
          }
          await pause(pauseMs, signal, error);
        }
      }
    },

    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInit | undefined,
      input: AsyncIterable<MessageInitShape<I>>,
      contextValues?: ContextValues,
    ): Promise<StreamResponse<I, O>> {
      try {
        const headers = await options.headers(header);
        const response = await inner.stream(method, signal, timeoutMs, headers, input, contextValues);
        return { ...response, message: withOurErrors(response.message) };
      } catch (thrown) {
        throw QuanyuError.from(thrown);
      }
    },
  };
}

/** Whether the contract says that a method has no effect, or has it once for its request id. */
function isSafe(method: DescMethodUnary): boolean {
  return method.idempotency === Level.IDEMPOTENT || method.idempotency === Level.NO_SIDE_EFFECTS;
}

/** Whether the same request may fare better in a moment. */
function isPassing(error: QuanyuError): boolean {
  if (isBroken(error.cause)) {
    return true;
  }
  switch (error.code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return true;
    case Code.Aborted:
      // Of a thing that somebody else changed the caller must first read what it has become.
      return error.reason !== "ETAG_MISMATCH";
    case Code.ResourceExhausted:
      return error.retryDelayMs !== undefined;
    default:
      return false;
  }
}

/** At random up to a limit that doubles, so that those who failed together do not come again together. */
function pauseAfter(attempt: number): number {
  return Math.random() * Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** (attempt - 1));
}

/** Waits; ends with the error where the caller gives up meanwhile. */
function pause(ms: number, signal: AbortSignal | undefined, error: QuanyuError): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, ms);
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

async function* withOurErrors<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (thrown) {
    throw QuanyuError.from(thrown);
  }
}
