import type { Tokens } from "./request";

/** The shop's server did not give a token: it does not know this WeChat user as a promoter, or does not answer. */
export class SignInFailed extends Error {
  readonly status: number;
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

const KEY = "promograph.token";

/**
 * Tokens by `wx.login`: its code goes to the shop's own server, which alone can ask WeChat whose it is, knows that
 * person's promoter code, and signs a token for it (README). A token is kept until the service does not take it.
 */
export function tokensOf(signInUrl: string): Tokens {
  let token = (wx.getStorageSync(KEY) as string) || undefined;
  let renewing: Promise<string> | undefined;
  async function renew(): Promise<string> {
    token = await exchanged(signInUrl, await loginCode());
    wx.setStorageSync(KEY, token);
    return token;
  }
  return {
    current: () => token,
    renew: () => (renewing ??= renew().finally(() => (renewing = undefined))),
  };
}

/** A code is good for one exchange, within five minutes. */
function loginCode(): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({ success: ({ code }) => resolve(code), fail: ({ errMsg }) => reject(new SignInFailed(0, errMsg)) });
  });
}

function exchanged(url: string, code: string): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.request<{ token?: string }>({
      url,
      method: "POST",
      data: JSON.stringify({ code }),
      header: { "Content-Type": "application/json" },
      success: ({ statusCode, data }) => {
        if (statusCode === 200 && typeof data.token === "string") resolve(data.token);
        else reject(new SignInFailed(statusCode, `signing in was answered with ${statusCode}`));
      },
      fail: ({ errMsg }) => reject(new SignInFailed(0, errMsg)),
    });
  });
}
