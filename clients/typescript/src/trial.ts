/** What a person does outside the API in a trial: read the mail, pay at the bank. The boxes and the bank are simulated. */

import { sleep } from "./patience.js";

const PATIENCE_MS = 60_000;
const PAUSE_MS = 300;
const CODE = /(?<![\w-])(\d{6})(?![\w-])/;

/** Addresses of the trial's mailbox and bank, as `./paspor up` prints them. */
export interface Trial {
  readonly mail: string;
  readonly bank: string;
}

/** Waits for a mail with a code of six digits. */
export async function readCode(trial: Trial, email: string): Promise<string> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await sleep(PAUSE_MS)) {
    const found = await fetch(`${trial.mail}/api/v1/search?query=${encodeURIComponent(`to:${email}`)}`);
    for (const message of ((await found.json()) as { messages: { ID: string }[] }).messages) {
      const mail = await fetch(`${trial.mail}/api/v1/message/${message.ID}`);
      const code = CODE.exec(((await mail.json()) as { Text: string }).Text);
      if (code?.[1] !== undefined) return code[1];
    }
  }
  throw new Error(`no code came to ${email} within ${PATIENCE_MS / 1000} s`);
}

/** Pays a billing code at the simulated bank. */
export async function pay(trial: Trial, billingCode: string, amount: number): Promise<void> {
  const paid = await fetch(`${trial.bank}/bank/payments`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ billing_code: billingCode, amount, channel: "mobile_banking" }),
  });
  if (!paid.ok) throw new Error(`the bank said ${paid.status}: ${await paid.text()}`);
}
