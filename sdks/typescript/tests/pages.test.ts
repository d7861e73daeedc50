import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import type { DescFile, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Transport } from "@connectrpc/connect";

import { items, pages } from "../src/pages.js";
import { Services } from "../src/contracts/services.js";
import { Fake } from "./fake.js";

const request = { memberId: "mbr_1", assetCode: "points", pageSize: 2 };

test("all pages of a list, and all items of its pages", async () => {
  const { points } = new Fake().services();
  const lengths = [];
  for await (const page of pages(points.listEntries, request)) {
    lengths.push(page.entries.length);
  }
  assert.deepEqual(lengths, [2, 2, 1]);
  const ids: string[] = [];
  for await (const entry of items(points.listEntries, request)) {
    ids.push(entry.entryId);
  }
  assert.deepEqual(ids, ["0", "1", "2", "3", "4"]);
});

test("a list goes on from where the caller says, and no further than it is read", async () => {
  const { points } = new Fake().services();
  for await (const entry of items(points.listEntries, { ...request, pageToken: "3" })) {
    assert.equal(entry.entryId, "3");
    return;
  }
});

const services = await everyService();

test("every service of the contracts hangs on the client", () => {
  const asked: string[] = [];
  const transport = new Proxy({} as Transport, {});
  for (const client of Object.values(new Services(transport))) {
    asked.push(...Object.keys(client as object));
  }
  const methods = services.flatMap((service) => service.methods.map((method) => method.localName));
  assert.deepEqual(asked.sort(), methods.sort());
});

test("every page has one list, which is what items gives, but for a statement", () => {
  const lists = services.flatMap((service) => service.methods).filter((method) => "pageToken" in method.input.field);
  assert.ok(lists.length > 20, `${lists.length} lists`);
  for (const { name, output } of lists) {
    const repeated = output.fields.filter((field) => field.fieldKind === "list");
    assert.equal(repeated.length, name === "GetStatement" ? 2 : 1, name);
    assert.ok("nextPageToken" in output.field, name);
  }
});

test("every method says whether it may be repeated", () => {
  for (const { name, idempotency } of services.flatMap((service) => service.methods)) {
    assert.ok(idempotency === Level.IDEMPOTENT || idempotency === Level.NO_SIDE_EFFECTS, name);
  }
});

async function everyService(): Promise<DescService[]> {
  const found: DescService[] = [];
  const root = new URL("../src/contracts/quanyu/", import.meta.url);
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith("_service_pb.js")) {
      const module = (await import(new URL(name, root).href)) as Record<string, unknown>;
      const file = Object.entries(module).find(([key]) => key.startsWith("file_"))![1] as DescFile;
      found.push(...file.services);
    }
  }
  return found;
}
