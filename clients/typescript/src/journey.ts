/**
 * One application by the TypeScript client: from the first code to the downloaded letter.
 *
 *     node dist/journey.js http://127.0.0.1:8080 --mail http://127.0.0.1:8025 --bank http://127.0.0.1:8092 --picture card.jpg
 *
 * The person is one whom the trial's civil registry knows; somebody else is given by `--nik`, `--name`, ...
 */

import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { answerOf, openPaspor, sendPages, waitUntil, type components } from "./index.js";
import { pay, readCode, type Trial } from "./trial.js";

type Schemas = components["schemas"];

const ANSWERS: Schemas["Questionnaire"] = {
  has_held_passport: false,
  reason: "new",
  passport_kind: "electronic",
  validity_years: 10,
  purpose: "tourism",
};

/** A diploma has its marks on the back; of what is not named here one picture is enough. */
const PAGES: Readonly<Record<string, number>> = { birth_proof: 2 };

/** A header of each command; keep the key with the command if it may be sent again after a crash. */
const newKey = () => ({ "Idempotency-Key": crypto.randomUUID() });

/** Registers, applies, uploads, holds a seat, pays, and returns the letter as PDF. */
async function walk(
  address: string,
  trial: Trial,
  person: Schemas["ApplicantForm"],
  picture: Uint8Array<ArrayBuffer>,
  officeId: string,
): Promise<Uint8Array> {
  const email = `warga.${crypto.randomUUID().slice(0, 8)}@contoh.example`;
  const stranger = openPaspor({ address, language: "en" });
  const challenge = answerOf(
    await stranger.calls.POST("/v1/registrations", {
      params: { header: newKey() },
      body: { email, language: "id" },
    }),
  );
  const tokens = answerOf(
    await stranger.calls.POST("/v1/challenges/{challenge_id}/verification", {
      params: { header: newKey(), path: { challenge_id: challenge.challenge_id } },
      body: { code: await readCode(trial, email) },
    }),
  );
  console.log(`registered as ${email}`);

  const citizen = openPaspor({ address, token: tokens.access_token, language: "en" });
  const { applicant_id } = answerOf(
    await citizen.calls.POST("/v1/applicants", { params: { header: newKey() }, body: person }),
  );
  const applicant = await waitUntil<Schemas["ApplicantView"]>(
    citizen,
    `/v1/applicants/${applicant_id}`,
    (seen) => seen.identity.state !== "pending",
  );
  console.log(`the civil registry's answer: ${applicant.identity.state}`);

  const begun = answerOf(
    await citizen.calls.POST("/v1/applications", { params: { header: newKey() }, body: { applicant_id } }),
  );
  const path = { application_id: begun.application_id };
  const own = `/v1/applications/${begun.application_id}`;
  const application = answerOf(
    await citizen.calls.PUT("/v1/applications/{application_id}/questionnaire", {
      params: { path },
      body: ANSWERS,
    }),
  );
  const wanted = application.requirements.filter((item) => item.need === "required" && item.state === "missing");
  for (const { code } of wanted) {
    const paper = { requirement: code, fileName: `${code}.jpg`, mediaType: "image/jpeg" };
    const pages = Array.from({ length: PAGES[code] ?? 1 }, () => picture);
    await sendPages(citizen, path.application_id, paper, pages);
  }
  const submitted = answerOf(
    await citizen.calls.POST("/v1/applications/{application_id}/submission", {
      params: { header: newKey(), path },
      body: { confirmed_not_refundable: true },
    }),
  );
  console.log(`uploaded ${submitted.documents.map((page) => `${page.requirement} page ${page.page}`).join(", ")}`);

  const { sessions } = answerOf(
    await citizen.calls.GET("/v1/offices/{office_id}/sessions", { params: { path: { office_id: officeId } } }),
  );
  const free = sessions.find((session) => (session.pools["regular"]?.free ?? 0) > 0);
  if (free === undefined) throw new Error(`no seat is free at ${officeId}`);
  const appointment = answerOf(
    await citizen.calls.POST("/v1/appointments", {
      params: { header: newKey() },
      body: { application_id: path.application_id, session_id: free.session_id },
    }),
  );
  await waitUntil<Schemas["ApplicationView"]>(citizen, own, (seen) => seen.current_step === "pay");
  const { bills } = answerOf(
    await citizen.calls.GET("/v1/bills", { params: { query: { application_id: path.application_id } } }),
  );
  const bill = await waitUntil<Schemas["BillView"]>(
    citizen,
    `/v1/bills/${bills[0]?.bill_id}`,
    (seen) => seen.state === "issued",
  );
  console.log(`to pay: ${bill.amount} with code ${bill.billing_code}`);

  await pay(trial, String(bill.billing_code), bill.amount);
  await waitUntil<Schemas["AppointmentView"]>(
    citizen,
    `/v1/appointments/${appointment.appointment_id}`,
    (seen) => seen.state === "confirmed",
  );
  await waitUntil<Schemas["ApplicationView"]>(citizen, own, (seen) => seen.letter_state === "ready");
  const letter = answerOf(
    await citizen.calls.GET("/v1/applications/{application_id}/letter", {
      params: { path },
      parseAs: "arrayBuffer",
    }),
  );
  console.log("the letter is there");
  return new Uint8Array(letter as unknown as ArrayBuffer);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mail: { type: "string" },
    bank: { type: "string" },
    picture: { type: "string" },
    office: { type: "string", default: "jakarta-selatan" },
    letter: { type: "string", default: "letter.pdf" },
    nik: { type: "string", default: "3174014502900001" },
    name: { type: "string", default: "SRI CONTOH LESTARI" },
    "birth-place": { type: "string", default: "JAKARTA" },
    "birth-date": { type: "string", default: "1990-02-05" },
    sex: { type: "string", default: "female" },
    "family-card": { type: "string", default: "3174010101150001" },
  },
});
const [address] = positionals;
if (address === undefined || !values.mail || !values.bank || !values.picture) {
  throw new Error("node dist/journey.js ADDRESS --mail URL --bank URL --picture FILE");
}
const letter = await walk(
  address,
  { mail: values.mail, bank: values.bank },
  {
    nik: values.nik,
    full_name: values.name,
    birth_place: values["birth-place"],
    birth_date: values["birth-date"],
    sex: values.sex as Schemas["ApplicantForm"]["sex"],
    family_card_number: values["family-card"],
  },
  new Uint8Array(await readFile(values.picture)),
  values.office,
);
await writeFile(values.letter, letter);
console.log(`${letter.length} bytes in ${values.letter}`);
