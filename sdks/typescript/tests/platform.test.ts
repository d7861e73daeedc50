import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { Client as BrowserClient } from "../src/browser.js";
import { PointsService } from "../src/contracts/points.js";
import { Client, Code, items, pages, QuanyuError } from "../src/node.js";
import type { Services } from "../src/node.js";
import { balanceOf, memberWith, open, Platform, skip } from "./platform.js";

const assetCode = "points";

describe("a platform", { skip }, () => {
  let platform: Platform;
  let quanyu: Client;

  before(async () => {
    platform = await Platform.start();
    quanyu = new Client(platform.address, { key: platform.key });
    await open(quanyu);
  });
  after(async () => {
    quanyu?.close();
    await platform?.remove();
  });

  test("the example runs, and runs again", () => {
    const example = fileURLToPath(new URL("../example/shop.js", import.meta.url));
    const env = { ...process.env, QUANYU_ADDRESS: platform.address, QUANYU_API_KEY: platform.key };
    const told = execFileSync(process.execPath, [example], { env, encoding: "utf8" });
    assert.match(told, /customer-1 is mbr_/);
    assert.match(told, /an order of 199.00 CNY earned 199\norder-2 was paid with 50\n/);
    assert.match(told, /order-3 was not: 149 are there, 1000000 were asked for\n169 are left\n/);
    assert.match(execFileSync(process.execPath, [example], { env, encoding: "utf8" }), /\n139 are left\n/);
  });

  const clients: [string, () => Services & { close(): void }][] = [
    ["gRPC", () => new Client(platform.address, { key: platform.key })],
    ["Connect in Node.js", () => new Client(platform.address, { key: () => platform.key, protocol: "connect" })],
    ["a browser's fetch", () => new BrowserClient(platform.address + "/", { key: async () => platform.key })],
  ];
  for (const [name, make] of clients) {
    test(`calls, refusals, pages and streams over ${name}`, async () => {
      const client = make();
      const memberId = await memberWith(client, name.replaceAll(" ", "-"), 100n);
      const requestId = `redeem-${memberId}`;
      const first = await client.points.redeemPoints({ requestId, memberId, assetCode, amount: 30n });
      const again = await client.points.redeemPoints({ requestId, memberId, assetCode, amount: 30n });
      assert.deepEqual(again, first);
      assert.equal(await balanceOf(client, memberId), 70n);

      const refused = await thrown(client.points.redeemPoints({ requestId: "r", memberId, assetCode, amount: 500n }));
      assert.equal(refused.code, Code.FailedPrecondition);
      assert.equal(refused.reason, "INSUFFICIENT_POINTS");
      assert.equal(refused.domain, "quanyu.points");
      assert.equal(refused.metadata["requested"], "500");
      assert.equal(refused.requestId, "r");
      assert.equal(refused.attempts, 1);

      const wrong = await thrown(client.points.redeemPoints({ memberId: "", assetCode: "Points", amount: -1n }));
      assert.equal(wrong.reason, "INVALID_FIELD");
      assert.deepEqual(wrong.violations.map(({ field }) => field).sort(), ["amount", "asset_code", "member_id"]);
      assert.ok(wrong.violations.every(({ description }) => description !== ""));

      for (let order = 0; order < 5; order++) {
        await client.points.earnPoints({ memberId, assetCode, amount: 1n, reference: `order-${order}` });
      }
      const list = { memberId, assetCode, pageSize: 2 };
      const references: string[] = [];
      for await (const entry of items(client.points.listEntries, list)) {
        references.push(entry.reference);
      }
      assert.deepEqual(references.slice(0, 5), ["order-4", "order-3", "order-2", "order-1", "order-0"]);
      assert.equal(references.length, 7);
      let count = 0;
      for await (const page of pages(client.points.listEntries, list)) {
        count += page.entries.length;
      }
      assert.equal(count, 7);

      for await (const page of client.exports.exportEntries({ assetCode })) {
        assert.ok(page.resumeToken);
      }
      const unknown = await thrown(drained(client.exports.exportEntries({ assetCode: "gold" })));
      assert.equal(unknown.code, Code.NotFound);
      client.close();
    });
  }

  test("a stream in both directions", async () => {
    const memberId = await memberWith(quanyu, "streams", 10n);
    async function* postings() {
      for (let order = 0; order < 100; order++) {
        const value = { requestId: `stream-${order}`, memberId, assetCode, amount: 1n };
        yield { posting: { request: { case: "earn" as const, value } } };
      }
    }
    let answers = 0;
    for await (const _ of quanyu.postings.postStream(postings())) {
      answers++;
    }
    assert.equal(answers, 100);
    assert.equal(await balanceOf(quanyu, memberId), 110n);
  });

  test("a wrong key is refused at once, and a wrong address is told", async () => {
    const stranger = new Client(platform.address, { key: "qy_wrong" });
    const error = await thrown(stranger.points.getBalance({ memberId: "mbr_1", assetCode }));
    assert.equal(error.code, Code.Unauthenticated);
    assert.equal(error.attempts, 1);
    stranger.close();
    assert.throws(() => new Client("127.0.0.1:7400", { key: "" }), TypeError);
  });

  test("a restart of the platform is waited for", async () => {
    const memberId = await memberWith(quanyu, "restart", 10n);
    await platform.down();
    const call = quanyu.points.redeemPoints({ memberId, assetCode, amount: 1n }, { timeoutMs: 60_000 });
    await platform.up();
    await call;
    assert.equal(await balanceOf(quanyu, memberId), 9n);
  });

  test("a platform that is away is told, in time", async () => {
    const nobody = new Client("http://127.0.0.1:1", { key: "qy_any", deadlineMs: 500 });
    const began = performance.now();
    const error = await thrown(nobody.points.getBalance({ memberId: "mbr_1", assetCode }));
    assert.ok(performance.now() - began < 2000);
    assert.equal(error.code, Code.Unavailable);
    assert.ok(error.attempts > 1);
    nobody.close();
  });

  // Told, not asserted: how long a call takes is the machine's as well.
  test("what the SDK costs a call", async (t) => {
    const authorization = `Bearer ${platform.key}`;
    const transport = createGrpcTransport({
      baseUrl: platform.address,
      interceptors: [
        (next) => (request) => {
          request.header.set("authorization", authorization);
          return next(request);
        },
      ],
    });
    const bare = createClient(PointsService, transport);
    const memberId = await memberWith(quanyu, "costs", 1000n);
    const call = { memberId, assetCode };
    const times = { bare: [] as number[], sdk: [] as number[] };
    for (let turn = 0; turn < 700; turn++) {
      const [name, points] = turn % 2 === 0 ? (["bare", bare] as const) : (["sdk", quanyu.points] as const);
      const began = performance.now();
      await points.getBalance(call);
      if (turn >= 100) {
        times[name].push(performance.now() - began);
      }
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const ratio = median(times.sdk) / median(times.bare);
    t.diagnostic(`a call takes ${median(times.sdk).toFixed(3)} ms, ${ratio.toFixed(3)} of the generated client alone`);
  });
});

test("over TLS, with a CA of one's own", { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "quanyu-sdk-tls-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...options: string[]) => execFileSync("openssl", options, { cwd: folder, stdio: "ignore" });
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=quanyu",
    "-keyout", "quanyu.key", "-out", "quanyu.csr");
  execFileSync("sh", ["-c", "printf 'subjectAltName=DNS:quanyu.test' >san"], { cwd: folder });
  openssl("x509", "-req", "-in", "quanyu.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
    "-extfile", "san", "-out", "quanyu.pem");
  const platform = await Platform.start({
    QUANYU_TLS__CERT_FILE: at("quanyu.pem"),
    QUANYU_TLS__KEY_FILE: at("quanyu.key"),
  });
  const address = platform.address.replace("http:", "https:");
  const tls = { caFile: at("ca.pem"), serverName: "quanyu.test" };
  try {
    const quanyu = new Client(address, { key: platform.key, tls });
    await open(quanyu);
    await quanyu.channels.listChannels({});
    quanyu.close();
    for (const distrusted of [{}, { caFile: at("ca.pem") }, { serverName: "quanyu.test" }]) {
      const stranger = new Client(address, { key: platform.key, tls: distrusted });
      const error = await thrown(stranger.channels.listChannels({}));
      assert.equal(error.attempts, 1, error.message);
      stranger.close();
    }
  } finally {
    await platform.remove();
    rmSync(folder, { recursive: true });
  }
});

async function drained(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages) {
    // Nothing is done with it.
  }
}

async function thrown(call: Promise<unknown>): Promise<QuanyuError> {
  const error = await call.then(
    () => assert.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof QuanyuError, String(error));
  return error;
}
