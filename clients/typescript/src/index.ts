/** Paspor's HTTP API for TypeScript: typed calls, patient, resumable, with waiting. */

export { openPaspor, type Opening, type Paspor } from "./opening.js";
export { patientFetch, type Clock, type Patience } from "./patience.js";
export { answerOf, Refused, type FieldError, type NextCall, type Problem } from "./problems.js";
export { sendPages, sendPicture, type Picture, type Uploaded } from "./uploads.js";
export { GaveUp, waitUntil } from "./waiting.js";
export type { components, paths } from "./schema.js";
