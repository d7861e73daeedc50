import assert from "node:assert/strict";
import { test } from "node:test";

import { Code, ConnectError } from "@connectrpc/connect";
import type { Transport } from "@connectrpc/connect";

import { Budget } from "../src/budget.js";
import { PointsService } from "../src/contracts/points.js";
import { QuanyuError } from "../src/error.js";
import { repeating } from "../src/repeating.js";
import { newRequestId } from "../src/request_id.js";
import { Fake, refusal } from "./fake.js";
import type { Turn } from "./fake.js";

const request = { memberId: "mbr_1", assetCode: "points", amount: 1n };

async function failure(call: Promise<unknown>): Promise<QuanyuError> {
  const error = await call.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof QuanyuError, String(error));
  return error;
}

test("a call that fails for a moment is repeated with the request id that it got", async () => {
  const passing = [refusal(Code.Unavailable), refusal(Code.Aborted), refusal(Code.DeadlineExceeded)];
  const fake = new Fake(...passing);
  const answer = await fake.services().points.redeemPoints(request);
  assert.equal(fake.seen.length, 4);
  assert.equal(new Set(fake.requestIds).size, 1);
  assert.match(fake.requestIds[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(answer.entry!.entryId, `entry-of-${fake.requestIds[0]}`);
  assert.ok(!("requestId" in request), "the caller's own object stays as it is");
});

test("the caller's own request id is kept", async () => {
  const fake = new Fake(refusal(Code.Unavailable));
  await fake.services().points.redeemPoints({ ...request, requestId: "order-1" });
  assert.deepEqual(fake.requestIds, ["order-1", "order-1"]);
});

test("each call gets a request id of its own", async () => {
  const fake = new Fake();
  const services = fake.services();
  await services.points.redeemPoints(request);
  await services.points.redeemPoints(request);
  assert.equal(new Set(fake.requestIds).size, 2);
});

test("a connection that breaks or is not there is tried again", async () => {
  const errors = [
    Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
    Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
    new ConnectError("http/2 stream closed with error code CANCEL (0x8)", Code.Canceled),
    new ConnectError("protocol error: missing status", Code.Internal),
    new TypeError("fetch failed"),
  ];
  for (const error of errors) {
    const fake = new Fake();
    let failed = false;
    const transport: Transport = {
      ...fake.transport,
      unary: (...call) => {
        if (!failed) {
          failed = true;
          return Promise.reject(ConnectError.from(error));
        }
        return fake.transport.unary(...call);
      },
    };
    const over = repeating(transport, { deadlineMs: 5000, retries: true, headers: () => ({}) });
    await over.unary(PointsService.method.redeemPoints, undefined, undefined, undefined, request);
    assert.equal(fake.seen.length, 1, error.message);
  }
});

test("what a request cannot say or a certificate does not prove is not tried again", async () => {
  const errors = [
    new ConnectError("serialize binary: invalid int64", Code.Internal),
    Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
  ];
  for (const error of errors) {
    let attempts = 0;
    const transport: Transport = {
      ...new Fake().transport,
      unary: () => {
        attempts++;
        return Promise.reject(ConnectError.from(error));
      },
    };
    const over = repeating(transport, { deadlineMs: 5000, retries: true, headers: () => ({}) });
    await failure(over.unary(PointsService.method.redeemPoints, undefined, undefined, undefined, request));
    assert.equal(attempts, 1, error.message);
  }
});

test("a refusal is not repeated, and says all that the platform says", async () => {
  const metadata = { available: "70", requested: "500" };
  const fake = new Fake(refusal(Code.FailedPrecondition, { reason: "INSUFFICIENT_POINTS", metadata, field: "amount" }));
  const error = await failure(fake.services().points.redeemPoints({ ...request, requestId: "order-1" }));
  assert.equal(fake.seen.length, 1);
  assert.equal(error.code, Code.FailedPrecondition);
  assert.equal(error.reason, "INSUFFICIENT_POINTS");
  assert.equal(error.domain, "quanyu.points");
  assert.deepEqual(error.metadata, metadata);
  assert.deepEqual(error.violations, [{ field: "amount", description: "must be positive" }]);
  assert.equal(error.retryDelayMs, undefined);
  assert.equal(error.requestId, "order-1");
  assert.equal(error.attempts, 1);
});

test("a thing that somebody else changed is not asked for again", async () => {
  const fake = new Fake(refusal(Code.Aborted, { reason: "ETAG_MISMATCH" }));
  await failure(fake.services().points.redeemPoints(request));
  assert.equal(fake.seen.length, 1);
});

test("a limit is waited for where the platform says how long, and only there", async () => {
  const silent = new Fake(refusal(Code.ResourceExhausted));
  await failure(silent.services().points.redeemPoints(request));
  assert.equal(silent.seen.length, 1);
  const told = new Fake(refusal(Code.ResourceExhausted, { retryAfterMs: 300 }));
  await told.services().points.redeemPoints(request);
  assert.ok(told.times[1]! - told.times[0]! >= 299, "it waited as long as it was asked to");
});

test("a wait that the deadline does not reach is not begun", async () => {
  const fake = new Fake(refusal(Code.Unavailable, { retryAfterMs: 60_000 }));
  const began = performance.now();
  const error = await failure(fake.services().points.redeemPoints(request, { timeoutMs: 5000 }));
  assert.ok(performance.now() - began < 1000);
  assert.equal(error.retryDelayMs, 60_000);
});

test("an attempt that takes too long is left for another one, which has twice the time", async () => {
  const fake = new Fake(5000, 1300);
  await fake.services({ deadlineMs: 4000 }).points.redeemPoints(request);
  assert.equal(fake.seen.length, 2);
  assert.equal(new Set(fake.requestIds).size, 1);
});

test("no call outlives its deadline, whatever it meets", async () => {
  const turns: [Turn, number][] = [
    [9000, 2000],
    [refusal(Code.Unavailable), 400],
  ];
  for (const [turn, timeoutMs] of turns) {
    const fake = new Fake(...Array.from({ length: 50 }, () => turn));
    const began = performance.now();
    const error = await failure(fake.services().points.redeemPoints(request, { timeoutMs }));
    assert.ok(performance.now() - began < timeoutMs + 1000, "it ended in time");
    assert.equal(error.attempts, fake.seen.length);
    assert.ok(error.attempts > 1);
  }
});

test("a dead platform is not hammered: a hundred repetitions, and then ten a second and a tenth of the calls", async () => {
  const fake = new Fake(...Array.from({ length: 10_000 }, () => refusal(Code.Unavailable)));
  const services = fake.services({ deadlineMs: 2000 });
  const calls = Array.from({ length: 300 }, () => failure(services.points.redeemPoints(request)));
  await Promise.all(calls);
  assert.ok(fake.seen.length >= 400 && fake.seen.length <= 460, `300 calls were sent ${fake.seen.length} times`);
});

test("the budget fills with time and with calls", () => {
  let now = 0;
  const budget = new Budget(() => now);
  const takeAll = () => {
    let taken = 0;
    while (budget.withdraw()) {
      taken++;
    }
    return taken;
  };
  assert.equal(takeAll(), 100);
  now += 1000;
  assert.equal(takeAll(), 10);
  for (let call = 0; call < 50; call++) {
    budget.deposit();
  }
  assert.equal(takeAll(), 5);
  now += 3_600_000;
  assert.equal(takeAll(), 100);
});

test("a method whose contract does not say that it is safe is not repeated", async () => {
  const fake = new Fake(refusal(Code.Unavailable));
  const over = repeating(fake.transport, { deadlineMs: 5000, retries: true, headers: () => ({}) });
  const method = new Proxy(PointsService.method.redeemPoints, {
    get: (target, name) => (name === "idempotency" ? 0 : Reflect.get(target, name)),
  });
  await failure(over.unary(method, undefined, undefined, undefined, request));
  assert.equal(fake.seen.length, 1);
});

test("nothing is repeated where the caller does not want it, or gives up", async () => {
  const unwanted = new Fake(refusal(Code.Unavailable));
  await failure(unwanted.services({ retries: false }).points.redeemPoints(request));
  assert.equal(unwanted.seen.length, 1);
  const given = new Fake(refusal(Code.Unavailable, { retryAfterMs: 5000 }));
  const signal = AbortSignal.timeout(100);
  const began = performance.now();
  await failure(given.services().points.redeemPoints(request, { signal }));
  assert.ok(performance.now() - began < 1000);
  assert.equal(given.seen.length, 1);
});

test("a deadline of nothing is a mistake", async () => {
  await assert.rejects(new Fake().services().points.redeemPoints(request, { timeoutMs: 0 }), RangeError);
});

test("request ids sort by their time", async () => {
  const first = newRequestId();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(first < newRequestId());
});
