/** Refusals (RFC 9457) as one error with the members that every service sends. */

export interface FieldError {
  /** JSON Pointer (RFC 6901) into the body, or the name of the parameter. */
  readonly pointer: string;
  readonly rule: string;
  readonly detail: string;
  readonly example?: string | null;
}

export interface NextCall {
  readonly method: string;
  readonly href: string;
}

export interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly status?: number;
  readonly next_action?: string;
  /** The call that helps; ids that the service does not know stay in braces. */
  readonly next_call?: NextCall | null;
  readonly trace_id?: string;
  readonly errors?: readonly FieldError[];
}

/** A service said no. `code` is for programs, `message` for people, in the language that was asked for. */
export class Refused extends Error {
  readonly code: string;

  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    const code = problem.code ?? String(status);
    super(`${status} ${code}: ${problem.detail ?? problem.title ?? ""} ${problem.next_action ?? ""}`.trim());
    this.name = "Refused";
    this.code = code;
  }
}

/** What each call of openapi-fetch resolves to. */
interface Result<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** Returns the typed answer of a call; throws `Refused` if it is a refusal. */
export function answerOf<T>(result: Result<T>): T {
  if (!result.response.ok) throw refusal(result.response.status, result.error);
  return result.data as T;
}

/** The error for an answer; a body that is no problem (of something between us and the service) has no code. */
export function refusal(status: number, body: unknown): Refused {
  return new Refused(status, typeof body === "object" && body !== null ? (body as Problem) : {});
}
