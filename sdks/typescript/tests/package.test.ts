import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

test("what a browser loads needs nothing of Node.js", () => {
  const seen = new Set<string>();
  const bare = new Set<string>();
  const follow = (file: URL) => {
    if (!seen.has(file.href)) {
      seen.add(file.href);
      for (const [, from] of readFileSync(file, "utf8").matchAll(/^(?:import|export) (?:.*from )?"([^"]+)";$/gm)) {
        if (from!.startsWith(".")) {
          follow(new URL(from!, file));
        } else {
          bare.add(from!);
        }
      }
    }
  };
  follow(new URL("dist/browser.js", root));
  assert.ok(seen.size > 50);
  for (const name of bare) {
    assert.match(name, /^@(bufbuild\/protobuf|connectrpc\/connect|connectrpc\/connect-web)(\/|$)/);
  }
});

test("the package has the version of the contracts' crates, and gives each runtime its own client", () => {
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
  assert.equal(version, /^version = "([^"]+)"$/m.exec(readFileSync(new URL("../../Cargo.toml", root), "utf8"))![1]);
  const resolvedAs = (name: string, ...conditions: string[]) => {
    const script = `console.log(import.meta.resolve('${name}'))`;
    const options = [...conditions, "--input-type=module", "--eval", script];
    return execFileSync(process.execPath, options, { cwd: root, encoding: "utf8" }).trim();
  };
  assert.equal(resolvedAs("@quanyu/sdk"), new URL("dist/node.js", root).href);
  assert.equal(resolvedAs("@quanyu/sdk", "--conditions=browser"), new URL("dist/browser.js", root).href);
  assert.equal(resolvedAs("@quanyu/sdk/browser"), new URL("dist/browser.js", root).href);
  assert.equal(resolvedAs("@quanyu/sdk/points"), new URL("dist/contracts/points.js", root).href);
});
