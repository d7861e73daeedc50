// Makes src/contracts of the contracts in ../../proto: what buf generates, and one module for each package of a service,
// so that one imports from "@quanyu/sdk/points" whatever file of the contract a message stands in.

import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";

const packages = ["campaign", "channels", "gateway", "identity", "points", "rights", "tagging", "type"];

process.chdir(import.meta.dirname);
execFileSync("node_modules/.bin/buf", ["generate"], { stdio: "inherit" });
for (const name of packages) {
  const files = readdirSync(`src/contracts/quanyu/${name}/v1`).sort();
  const lines = files.map((file) => `export * from "./quanyu/${name}/v1/${file.replace(/\.ts$/, ".js")}";\n`);
  writeFileSync(`src/contracts/${name}.ts`, lines.join(""));
}
