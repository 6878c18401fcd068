import { SERVICE_URL, SIGN_IN_URL } from "./config";
import { asking } from "./request";
import { tokensOf } from "./session";
import { language } from "./words";

/** Asks the service of this mini-program. */
export const ask = asking({ url: SERVICE_URL, tokens: tokensOf(SIGN_IN_URL), language });
