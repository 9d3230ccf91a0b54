// An office's provider for tests: oidc-provider with one client. GET /become/NAME?amr=A,B says who sits at the browser.
import { pathToFileURL } from "node:url";

const [modules, port, redirectUri, clientSecret, logoutUri] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`).href);
const { generateKeyPairSync } = await import("node:crypto");

let user = { name: "nobody", amr: ["pwd"] };
const jwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "paspor",
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      id_token_signed_response_alg: "ES256",
      backchannel_logout_uri: logoutUri,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: { keys: [{ ...jwk, use: "sig", alg: "ES256", kid: "office-1" }] },
  cookies: { keys: ["a secret of this test"] },
  // its own way of asking refuses addresses of this machine, as ours does
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  claims: { openid: ["sub", "amr"], profile: ["preferred_username"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id.replace("subject-of-", "") }),
  }),
  async loadExistingGrant(ctx) {
    const ids = { clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId };
    const grant = new ctx.oidc.provider.Grant(ids);
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});

let told = "nothing";
provider.on("backchannel.success", () => (told = "success"));
provider.on("backchannel.error", (_ctx, error) => (told = `error: ${error.message}`));

provider.use(async (ctx, next) => {
  const [, place, name] = ctx.path.split("/");
  if (place === "become") {
    user = { name, amr: String(ctx.query.amr).split(",") };
    ctx.body = "ok";
    return;
  }
  if (place === "told") {
    ctx.body = told;
    return;
  }
  if (place !== "interaction") return next();
  const login = { accountId: `subject-of-${user.name}`, amr: user.amr };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, { login }));
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
