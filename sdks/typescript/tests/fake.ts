// A platform in memory, for what depends on how it fails: one that answers as a script says.

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import type { Transport } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../src/contracts/google/rpc/error_details_pb.js";
import { PointsService } from "../src/contracts/points.js";
import type { RedeemPointsRequest } from "../src/contracts/points.js";
import { repeating } from "../src/repeating.js";
import { Services } from "../src/contracts/services.js";

/** What becomes of one attempt: an error, or an answer after so many milliseconds. */
export type Turn = ConnectError | number;

export class Fake {
  /** What arrived. */
  readonly seen: RedeemPointsRequest[] = [];
  /** When. */
  readonly times: number[] = [];
  readonly turns: Turn[];
  readonly transport: Transport;

  /** One that goes through the turns, and then answers at once. */
  constructor(...turns: Turn[]) {
    this.turns = turns;
    this.transport = createRouterTransport(({ rpc }) => {
      rpc(PointsService.method.redeemPoints, async (request) => {
        this.seen.push(request);
        this.times.push(performance.now());
        const turn = this.turns.shift() ?? 0;
        if (turn instanceof ConnectError) {
          throw turn;
        }
        await new Promise((resolve) => setTimeout(resolve, turn));
        return { entry: { entryId: `entry-of-${request.requestId}` } };
      });
      rpc(PointsService.method.listEntries, ({ pageToken, pageSize }) => {
        const from = Number(pageToken || 0);
        const until = Math.min(from + pageSize, 5);
        const entries = Array.from({ length: until - from }, (_, place) => ({ entryId: `${from + place}` }));
        return { entries, nextPageToken: until < 5 ? `${until}` : "" };
      });
    });
  }

  get requestIds(): string[] {
    return this.seen.map((request) => request.requestId);
  }

  services(options: { deadlineMs?: number; retries?: boolean } = {}): Services {
    const headers = (given: HeadersInit | undefined) => given ?? {};
    return new Services(repeating(this.transport, { deadlineMs: 10_000, retries: true, headers, ...options }));
  }
}

/** What the platform says where it refuses. */
export function refusal(
  code: Code,
  options: { reason?: string; metadata?: Record<string, string>; field?: string; retryAfterMs?: number } = {},
): ConnectError {
  const { reason, metadata = {}, field, retryAfterMs } = options;
  const error = new ConnectError("refused", code, { "x-is": "an answer" });
  const details = [];
  if (reason !== undefined) {
    details.push({ desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, metadata, domain: "quanyu.points" }) });
  }
  if (field !== undefined) {
    const fieldViolations = [{ field, description: "must be positive" }];
    details.push({ desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) });
  }
  if (retryAfterMs !== undefined) {
    const retryDelay = { seconds: BigInt(Math.floor(retryAfterMs / 1000)), nanos: (retryAfterMs % 1000) * 1_000_000 };
    details.push({ desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay }) });
  }
  error.details = details;
  return error;
}
