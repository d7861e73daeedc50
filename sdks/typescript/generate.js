// Makes src/contracts of the contracts in ../../proto: what buf generates; one module for each package of a service, so that
// one imports from "@quanyu/sdk/points" whatever file of the contract a message stands in; and the class of all services.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

// The nouns that count nothing, and keep their names.
const UNCOUNTED = ["audit", "ledger", "pending", "points"];
// What the contracts say to platforms.
const LEFT_OUT = ["events", "options"];
const SERVICE = /\/\*\*\n((?: \*.*\n)*?) \*\n \* @generated from service [\w.]+\n \*\/\nexport const (\w+): GenService</g;

process.chdir(import.meta.dirname);
execFileSync("node_modules/.bin/buf", ["generate"], { stdio: "inherit" });
const services = [];
for (const name of readdirSync("src/contracts/quanyu").filter((found) => !LEFT_OUT.includes(found)).sort()) {
  const folder = `src/contracts/quanyu/${name}/v1`;
  const files = readdirSync(folder).sort();
  const lines = files.map((file) => `export * from "./quanyu/${name}/v1/${file.replace(/\.ts$/, ".js")}";\n`);
  writeFileSync(`src/contracts/${name}.ts`, lines.join(""));
  for (const file of files) {
    for (const [, comment, service] of readFileSync(`${folder}/${file}`, "utf8").matchAll(SERVICE)) {
      services.push({ name, service, comment });
    }
  }
}
writeFileSync("src/contracts/services.ts", servicesOf(services));

// "points" of PointsService, "earningRules" of EarningRuleService.
function accessor(service) {
  const noun = service[0].toLowerCase() + service.slice(1).replace(/Service$/, "");
  if (UNCOUNTED.includes(noun)) {
    return noun;
  }
  return /[^e]y$/.test(noun) ? noun.replace(/y$/, "ies") : `${noun}s`;
}

function servicesOf(found) {
  const lines = [
    `import { createClient } from "@connectrpc/connect";`,
    `import type { Client, Transport } from "@connectrpc/connect";`,
    ``,
    ...found.map(({ name, service }) => `import { ${service} } from "./${name}.js";`),
    ``,
    `/** The platform's services by name. Each method takes its request, and answers with its response or a QuanyuError. */`,
    `export class Services {`,
    ...found.map(
      ({ service, comment }) =>
        `  /**\n${comment.replace(/^/gm, "  ").trimEnd()}\n   */\n  readonly ${accessor(service)}: Client<typeof ${service}>;`,
    ),
    ``,
    `  constructor(transport: Transport) {`,
    ...found.map(({ service }) => `    this.${accessor(service)} = createClient(${service}, transport);`),
    `  }`,
    `}`,
  ];
  return lines.join("\n") + "\n";
}
