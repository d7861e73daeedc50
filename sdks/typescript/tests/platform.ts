// A platform of one's own, with a shop's channel and asset.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { AssetKind } from "../src/contracts/points.js";
import { ChannelKind } from "../src/contracts/identity.js";
import type { Services } from "../src/contracts/services.js";

const binary = process.env["QUANYU_BINARY"];

/** Why tests that need a platform are left out, if they are. */
export const skip = binary ? false : "QUANYU_BINARY names no program";

export class Platform {
  readonly port: number;
  readonly folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  key = "";

  private constructor(port: number, folder: string, environment: NodeJS.ProcessEnv) {
    this.port = port;
    this.folder = folder;
    this.#environment = environment;
  }

  static async start(environment: NodeJS.ProcessEnv = {}): Promise<Platform> {
    const folder = mkdtempSync(join(tmpdir(), "quanyu-sdk-"));
    const platform = new Platform(await freePort(), folder, environment);
    await platform.up();
    return platform;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, and waits until it serves. */
  async up(): Promise<void> {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("QUANYU_"));
    const env = { ...Object.fromEntries(own), QUANYU_PRINT_FIRST_API_KEY: "true", ...this.#environment };
    const options = ["up", "--folder", join(this.folder, "data"), "--listen", `127.0.0.1:${this.port}`];
    this.#process = spawn(binary!, options, { env, stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.#process.stdout! })) {
      this.key = /QUANYU_API_KEY=(qy_\w+)/.exec(line)?.[1] ?? this.key;
      if (line.startsWith("Ctrl-C stops")) {
        this.#process.stdout!.resume();
        return;
      }
    }
    throw new Error("the platform does not serve");
  }

  /** Ends it, and waits until it has. */
  async down(): Promise<void> {
    const process = this.#process;
    if (process && process.exitCode === null) {
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGTERM");
      await ended;
    }
  }

  async remove(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true });
  }
}

/** Makes the channel and the asset of a shop. */
export async function open(quanyu: Services): Promise<void> {
  await quanyu.channels.createChannel({
    channel: { channelCode: "shop", kind: ChannelKind.POS, displayName: "Shop", trustRank: 100 },
  });
  await quanyu.assets.createAsset({ code: "points", asset: { kind: AssetKind.POINTS } });
}

/** A new member with an amount of points. */
export async function memberWith(quanyu: Services, externalId: string, amount: bigint): Promise<string> {
  const { resolution } = await quanyu.members.resolveMember({ arrival: { channelCode: "shop", externalId } });
  const memberId = resolution!.memberId;
  await quanyu.points.earnPoints({ memberId, assetCode: "points", amount });
  return memberId;
}

export async function balanceOf(quanyu: Services, memberId: string): Promise<bigint> {
  const { balance } = await quanyu.points.getBalance({ memberId, assetCode: "points" });
  return balance!.available;
}

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
