/** One way to open a typed client with patience, a language and a token. */

import createClient, { type Client } from "openapi-fetch";

import { CLOCK, patientFetch, type Clock, type Patience } from "./patience.js";
import type { paths } from "./schema.js";

export interface Opening extends Patience {
  /** Of the gateway, or of one service. */
  readonly address: string;
  readonly token?: string;
  readonly language?: "id" | "en";
}

export interface Paspor {
  /** `paspor.calls.GET("/v1/...", ...)`, typed by the document of the API. */
  readonly calls: Client<paths>;
  /** The same connection for what is no JSON: pieces of pictures, waiting. The path begins with a slash. */
  send(method: string, path: string, init?: RequestInit): Promise<Response>;
  readonly clock: Clock;
}

/** Returns a client; without a token for the calls that need none. */
export function openPaspor(opening: Opening): Paspor {
  const baseUrl = opening.address.replace(/\/+$/, "");
  const headers: Record<string, string> = { "Accept-Language": opening.language ?? "id" };
  if (opening.token !== undefined) headers["Authorization"] = `Bearer ${opening.token}`;
  const send = patientFetch(opening);
  return {
    clock: opening.clock ?? CLOCK,
    calls: createClient<paths>({ baseUrl, headers, fetch: send }),
    send(method, path, init = {}) {
      if (!path.startsWith("/")) throw new TypeError(`a path begins with a slash, and ${path} does not`);
      const merged = new Headers(headers);
      new Headers(init.headers).forEach((value, name) => merged.set(name, value));
      return send(new Request(baseUrl + path, { ...init, method, headers: merged }));
    },
  };
}
