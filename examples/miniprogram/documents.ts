// Written by documents.py from the service's manifest of trusted documents.
import type { Document } from "./request";

export const documents = {
  PhoneAcceptContract: { name: "PhoneAcceptContract", id: "sha256:f1efe999f21d918d0f5f3ebcedb517482fed516d6e58d68f55def2d3ebfd0d0c" },
  PhoneEarnings: { name: "PhoneEarnings", id: "sha256:f5af822a52038fceb215ef2adeb7e17fa9d59ab0228126b681861a0fc7fbaecb" },
  PhoneHome: { name: "PhoneHome", id: "sha256:7f7b4eb6b0ddf95e25273f6e1e181bf99fb9ec920e36d3533fdea3519c3cd2b7" },
  PhoneInvite: { name: "PhoneInvite", id: "sha256:f928cb270f2b51df34c7f2037b8b610b713a81f4a11e02b876eacea486551828" },
  PhoneMember: { name: "PhoneMember", id: "sha256:ed6c9f3210c53f4615e9a71fc3054d5e067f1918462e4f87106923a79d9b5ab9" },
  PhonePayouts: { name: "PhonePayouts", id: "sha256:e4557c3da50145344aa2d5f2efca9a957402a0c059f6cdb62d5fbfe4fc5434cf" },
  PhoneTeam: { name: "PhoneTeam", id: "sha256:b621f6f510032f4b67e90c52a757d7e9ba0c33bfdb53761d125b4da0c8b9300d" },
} as const satisfies Record<string, Document>;
