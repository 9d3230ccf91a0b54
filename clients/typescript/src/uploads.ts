/** Pictures sent in pieces: a broken line costs one piece, and the service says where to go on. */

import type { Paspor } from "./opening.js";
import { REPEATED } from "./patience.js";
import { refusal } from "./problems.js";

/** What a broken line costs at most; services take a picture in one piece too. */
const PIECE_BYTES = 256 * 1024;

/** How often one piece is sent before the error is the caller's. */
const TRIES = 5;

const PAUSE_MS = 500;
const CONFLICT = 409;

export interface Picture {
  readonly requirement: string;
  readonly fileName: string;
  readonly mediaType: string;
  /** Which page of its requirement, counted from 1; without it the first. */
  readonly page?: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Uploaded {
  readonly document_id: string;
  readonly upload_offset: number;
  readonly page: number;
  readonly state: string;
}

/** Uploads one picture and returns the document as the service shows it; throws `Refused` where it is not taken. */
export async function sendPicture(paspor: Paspor, applicationId: string, picture: Picture): Promise<Uploaded> {
  const documents = `/v1/applications/${applicationId}/documents`;
  const begun = await taken<Uploaded>(
    paspor.send("POST", documents, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        requirement: picture.requirement,
        page: picture.page ?? 1,
        file_name: picture.fileName,
        media_type: picture.mediaType,
        size_bytes: picture.bytes.length,
      }),
    }),
  );
  const path = `${documents}/${begun.document_id}`;
  let offset = begun.upload_offset;
  while (offset < picture.bytes.length) {
    offset = await sendPiece(paspor, `${path}/content`, offset, picture.bytes.slice(offset, offset + PIECE_BYTES));
  }
  return taken<Uploaded>(paspor.send("GET", path));
}

/** Uploads the pages of a requirement in their order from page 1; of one that is refused the pages before are there. */
export async function sendPages(
  paspor: Paspor,
  applicationId: string,
  paper: Omit<Picture, "page" | "bytes">,
  pages: readonly Uint8Array<ArrayBuffer>[],
): Promise<Uploaded[]> {
  const sent: Uploaded[] = [];
  for (const [number, bytes] of pages.entries()) {
    sent.push(await sendPicture(paspor, applicationId, { ...paper, page: number + 1, bytes }));
  }
  return sent;
}

/** Returns where to go on, which is behind the piece once it arrived, whether or not the answer came back. */
async function sendPiece(
  paspor: Paspor,
  path: string,
  offset: number,
  piece: Uint8Array<ArrayBuffer>,
): Promise<number> {
  const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  for (let triesLeft = TRIES - 1; ; triesLeft -= 1) {
    try {
      const response = await paspor.send("PATCH", path, { headers, body: piece });
      const later = REPEATED.has(response.status) || response.status === CONFLICT;
      if (!later || triesLeft === 0) return (await taken<Uploaded>(Promise.resolve(response))).upload_offset;
    } catch (error) {
      if (triesLeft === 0 || !(error instanceof TypeError || error instanceof DOMException)) throw error;
    }
    await paspor.clock.pause(PAUSE_MS);
    const standing = await paspor.send("HEAD", path);
    const reached = Number(standing.headers.get("Upload-Offset") ?? offset);
    if (standing.ok && reached !== offset) return reached;
  }
}

async function taken<T>(answered: Promise<Response>): Promise<T> {
  const response = await answered;
  if (!response.ok) throw refusal(response.status, await response.json().catch(() => undefined));
  return (await response.json()) as T;
}
