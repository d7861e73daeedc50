// The SDK in Node.js: over gRPC and HTTP/2, every method, streams in both directions.

import { readFileSync } from "node:fs";

import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

import { baseUrlOf, repeatingOf } from "./options.js";
import type { CommonOptions } from "./options.js";
import { repeating } from "./repeating.js";
import { Services } from "./contracts/services.js";

export * from "./common.js";

/** A connection that says nothing for so long while calls wait is asked whether it is still there ... */
const PING_AFTER_MS = 2000;
/** ... and given up where it does not answer in so long: the calls go on over a new one. */
const PING_TIMEOUT_MS = 2000;

/** The certificates of an https:// address; without them the CAs that Node.js knows are trusted. */
export interface TlsOptions {
  /** A file of the CAs to trust instead, as PEM. */
  readonly caFile?: string;
  /** A file of the client's own certificate, as PEM, where the platform's proxy asks for one. */
  readonly certFile?: string;
  /** A file of its private key, as PEM. */
  readonly keyFile?: string;
  /** The name that the platform's certificate must bear, where it is not the address's. */
  readonly serverName?: string;
}

/** How a client calls. */
export interface ClientOptions extends CommonOptions {
  readonly tls?: TlsOptions;
  /** gRPC where nothing is said; Connect passes proxies that know no trailers. */
  readonly protocol?: "grpc" | "connect";
}

/**
 * A client of one platform. It keeps one connection for all calls, which may be many at a time; make one, and share it.
 *
 *     const quanyu = new Client("https://quanyu.example.com", { key: process.env.QUANYU_API_KEY });
 */
export class Client extends Services {
  readonly #connection: Http2SessionManager;

  constructor(address: string, options: ClientOptions) {
    const baseUrl = baseUrlOf(address);
    const connection = new Http2SessionManager(
      baseUrl,
      { pingIntervalMs: PING_AFTER_MS, pingTimeoutMs: PING_TIMEOUT_MS },
      secured(options.tls ?? {}),
    );
    const over = { baseUrl, sessionManager: connection };
    const transport =
      options.protocol === "connect"
        ? createConnectTransport({ ...over, httpVersion: "2", useBinaryFormat: true })
        : createGrpcTransport(over);
    super(repeating(transport, repeatingOf(options)));
    this.#connection = connection;
  }

  /** Closes the connection. Calls that wait end with an error. */
  close(): void {
    this.#connection.abort();
  }
}

function secured({ caFile, certFile, keyFile, serverName }: TlsOptions) {
  return {
    ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
    ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
