// Calls through a proxy that cuts connections before and after a request got through, and answers late.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import type { Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { repeatingOf } from "../src/options.js";
import { repeating } from "../src/repeating.js";
import { newRequestId } from "../src/request_id.js";
import { Services } from "../src/contracts/services.js";
import { Client } from "../src/node.js";
import { balanceOf, freePort, memberWith, open, Platform, skip } from "./platform.js";

const CALLS = 200n;
/** So many callers, one call after the other each. */
const CALLERS = 4;
const DEADLINE_MS = 30_000;

describe("through faults", { skip }, () => {
  let platform: Platform;
  let proxy: ChildProcess;
  let address: string;
  let direct: Client;

  before(async () => {
    platform = await Platform.start();
    const port = await freePort();
    const program = fileURLToPath(new URL("../../../faults.py", import.meta.url));
    proxy = spawn("python3", [program, `${port}`, `${platform.port}`], { stdio: "ignore" });
    await listens(port);
    address = `http://127.0.0.1:${port}`;
    direct = new Client(platform.address, { key: platform.key });
    await open(direct);
  });
  after(async () => {
    direct?.close();
    proxy?.kill();
    await platform?.remove();
  });

  const transports: [string, () => Transport][] = [
    ["gRPC", () => createGrpcTransport({ baseUrl: address, pingIntervalMs: 2000, pingTimeoutMs: 2000 })],
    ["a browser's fetch", () => createConnectTransport({ baseUrl: address, useBinaryFormat: true })],
  ];
  for (const [name, transport] of transports) {
    test(`${CALLS} redemptions take ${CALLS} points, over ${name}`, async (t) => {
      const { taken, attempts } = await redeemAll(name.replaceAll(" ", "-"), transport());
      assert.equal(taken, CALLS);
      assert.ok(attempts > Number(CALLS), "the proxy made callers repeat");
      t.diagnostic(`${CALLS} calls were sent ${attempts} times`);
    });
  }

  test("with another request id at each attempt they would take more", async (t) => {
    const forgetful = withoutMemory(transports[0]![1]());
    const { taken } = await redeemAll("forgetful", forgetful);
    assert.ok(taken > CALLS, "the proxy cut connections after requests got through");
    t.diagnostic(`${CALLS} calls took ${taken} points`);
  });

  /** Redeems one point so many times, and tells how many points that took, by how many attempts. */
  async function redeemAll(externalId: string, transport: Transport): Promise<{ taken: bigint; attempts: number }> {
    const memberId = await memberWith(direct, externalId, 1000n);
    let attempts = 0;
    const counted: Transport = {
      ...transport,
      unary: (...call) => {
        attempts++;
        return transport.unary(...call);
      },
    };
    const options = repeatingOf({ key: platform.key, deadlineMs: DEADLINE_MS });
    const quanyu = new Services(repeating(counted, options));
    let left = CALLS;
    const caller = async () => {
      while (left > 0n) {
        left--;
        await quanyu.points.redeemPoints({ memberId, assetCode: "points", amount: 1n });
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return { taken: 1000n - (await balanceOf(direct, memberId)), attempts };
  }
});

/** What is wrong with most retries: each attempt is a request of its own. */
function withoutMemory(transport: Transport): Transport {
  return {
    ...transport,
    unary: (method, signal, timeoutMs, header, input, contextValues) => {
      const request = { ...input, requestId: newRequestId() };
      return transport.unary(method, signal, timeoutMs, header, request, contextValues);
    },
  };
}

/** Waits until somebody listens on a port. */
async function listens(port: number): Promise<void> {
  for (;;) {
    const found = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("close", () => socket.destroy());
      setTimeout(() => socket.destroy(), 100).unref();
    });
    if (found) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
