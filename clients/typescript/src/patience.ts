/** Requests that survive a restart of a service: repeated where a repeat is safe, commands under an idempotency key. */

/** How long one call may be repeated; a service that restarts is back within seconds. */
export const PATIENCE_MS = 60_000;

/** How long one try may take, beside the wait that it asks the service for. */
export const ANSWER_MS = 10_000;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Too many requests, and the three ways in which a gateway or a service says that it is away for a moment. */
export const REPEATED: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Calls that take an `Idempotency-Key`: a repeat under the same key meets the first try. A piece of an upload (PATCH)
 * says itself where it belongs.
 */
const COMMANDS: ReadonlySet<string> = new Set(["POST", "PUT", "DELETE"]);

export interface Patience {
  /** Milliseconds; default 60 s. */
  readonly patienceMs?: number;
  /** Sends each single try; default the platform's `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** For tests, whose time does not pass by itself. */
  readonly clock?: Clock;
}

/** The time in milliseconds, and a wait. */
export interface Clock {
  now(): number;
  pause(ms: number): Promise<void>;
}

export const CLOCK: Clock = { now: Date.now, pause: sleep };

/** Returns a `fetch` that gives the first answer that is no "later", or the last one; throws if there was none. */
export function patientFetch(options: Patience = {}): (request: Request) => Promise<Response> {
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const clock = options.clock ?? CLOCK;
  const patienceMs = options.patienceMs ?? PATIENCE_MS;

  return async (request) => {
    const method = request.method.toUpperCase();
    if (COMMANDS.has(method) && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    const mayRepeat = SAFE.has(method) || COMMANDS.has(method);
    const giveUpAt = clock.now() + patienceMs;
    for (let longest = FIRST_PAUSE_MS; ; longest = Math.min(longest * 2, LONGEST_PAUSE_MS)) {
      let response: Response | undefined;
      let trouble: unknown;
      try {
        response = await send(within(request.clone()));
      } catch (error) {
        trouble = error;
      }
      if (response !== undefined && !REPEATED.has(response.status)) return response;
      const wait = askedPauseMs(response) || Math.random() * longest; // 0 too: a service is not asked without a pause
      if (!mayRepeat || request.signal.aborted || clock.now() + wait > giveUpAt) {
        if (response !== undefined) return response;
        throw trouble;
      }
      await response?.body?.cancel();
      await clock.pause(wait);
    }
  };
}

/** Milliseconds that the answer asks for in `Retry-After`; our services give seconds, never a date. */
function askedPauseMs(response: Response | undefined): number | undefined {
  const text = response?.headers.get("Retry-After") ?? "";
  return /^\d+$/.test(text) ? Number(text) * 1000 : undefined;
}

/**
 * The same request, given up after its time: that of an answer, and of the wait that it asks for. No call of ours
 * redirects, so what is sent is not taken elsewhere.
 */
function within(request: Request): Request {
  const asked = /(?:^|[,;\s])wait=(\d+)/.exec(request.headers.get("Prefer") ?? "");
  const limit = AbortSignal.timeout(ANSWER_MS + Number(asked?.[1] ?? 0) * 1000);
  return new Request(request, { signal: AbortSignal.any([request.signal, limit]), redirect: "manual" });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
