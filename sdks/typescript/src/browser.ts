// The SDK in browsers, and wherever else there is fetch: over Connect, every method but those whose caller streams.

import { createConnectTransport } from "@connectrpc/connect-web";

import { baseUrlOf, repeatingOf } from "./options.js";
import type { CommonOptions } from "./options.js";
import { repeating } from "./repeating.js";
import { Services } from "./contracts/services.js";

export * from "./common.js";

/** How a client calls. */
export interface ClientOptions extends CommonOptions {
  /** Calls instead of the browser's own fetch. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A client of one platform, whose `gateway.cors_origins` names the page's origin. A page shows its key to whom it is shown:
 * give it a token of the person who uses it, not a key of the shop.
 *
 *     const quanyu = new Client("https://quanyu.example.com", { key: () => session.token() });
 */
export class Client extends Services {
  constructor(address: string, options: ClientOptions) {
    const transport = createConnectTransport({
      baseUrl: baseUrlOf(address),
      useBinaryFormat: true,
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
    super(repeating(transport, repeatingOf(options)));
  }

  /** Nothing to close: connections are the browser's. Here so that the same code runs in both. */
  close(): void {}
}
