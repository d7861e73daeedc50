// What is the same in Node.js and in browsers.

export { Code } from "@connectrpc/connect";
export type { CallOptions } from "@connectrpc/connect";
export { create } from "@bufbuild/protobuf";
export { timestampDate, timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
export { QuanyuError } from "./error.js";
export type { Violation } from "./error.js";
export { decimals, money, moneyText } from "./money.js";
export type { CommonOptions, Credential } from "./options.js";
export { items, pages } from "./pages.js";
export { newRequestId } from "./request_id.js";
export { Services } from "./contracts/services.js";
export { verifyWebhook, WebhookError } from "./webhook.js";
export type { Webhook } from "./webhook.js";
