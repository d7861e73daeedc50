import type { CallOptions } from "@connectrpc/connect";

/** A method that answers with a page. */
type List<Request, Page> = (request: Request, options?: CallOptions) => Promise<Page>;
/** What a page holds: the elements of the one list that it has. */
type Item<Page> = { [Key in keyof Page]-?: Page[Key] extends readonly (infer Element)[] ? Element : never }[keyof Page];

/**
 * All pages of a list, each asked for when the one before has been used.
 *
 *     for await (const page of pages(quanyu.points.listEntries, { memberId, assetCode: "points" })) ...
 */
export async function* pages<Request extends { pageToken?: string }, Page extends { nextPageToken: string }>(
  list: List<Request, Page>,
  request: Request,
  options?: CallOptions,
): AsyncGenerator<Page, void, undefined> {
  let pageToken = request.pageToken ?? "";
  do {
    const page = await list({ ...request, pageToken }, options);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/**
 * All items of a list, over all its pages. Only for pages with one list: a statement, which has two, is read by `pages`.
 *
 *     for await (const entry of items(quanyu.points.listEntries, { memberId, assetCode: "points" })) ...
 */
export async function* items<Request extends { pageToken?: string }, Page extends { nextPageToken: string }>(
  list: List<Request, Page>,
  request: Request,
  options?: CallOptions,
): AsyncGenerator<Item<Page>, void, undefined> {
  for await (const page of pages(list, request, options)) {
    const lists = Object.entries(page).filter(([name, value]) => Array.isArray(value) && !name.startsWith("$"));
    if (lists.length !== 1) {
      throw new TypeError("a page with several lists is read by `pages`");
    }
    yield* lists[0]![1] as unknown as Item<Page>[];
  }
}
