/** Where this mini-program's servers are. Both must be among its legal request domains (小程序后台 → 服务器域名). */
export const SERVICE_URL = "https://promoters.example.com/graphql";
/** The shop's own server: takes `{code}` of wx.login, gives `{token}`. */
export const SIGN_IN_URL = "https://shop.example.com/promoter-token";
/** Where an invitation leads; `{code}` is the promoter's. */
export const INVITE_URL = "https://shop.example.com/join/{code}";
/** The merchant that pays (商户号): WeChat asks for it when a receiver confirms. */
export const MERCHANT_ID = "1900000000";
