/** Whether an address is one of this machine, or of the network that it is in: no stranger is to lead us there. */

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

const NEAR = new BlockList();
for (const [net, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  NEAR.addSubnet(net, bits, "ipv4");
}
for (const [net, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  NEAR.addSubnet(net, bits, "ipv6");
}

/** Whether a host is near, by any of its addresses; a name is looked up. */
export async function isNear({ hostname }: URL): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const found = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host, family: isIP(host) }];
  return found.some(({ address, family }) => NEAR.check(address, family === 6 ? "ipv6" : "ipv4"));
}
