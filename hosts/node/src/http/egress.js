// Whether an address may be reached under an egress policy. Which policy that is, the engine decides. It is bits that are
// judged, never text.

import net from 'node:net';

/** A policy, parsed; throws with the network that is not one. */
export function parseRules({ allow, deny }) {
  return { allow: allow.map(parseNetwork), deny: deny.map(parseNetwork) };
}

/**
 * Whether a connection to this address may be made. An address that embeds an IPv4 address must pass as both: the network
 * in between delivers to the embedded one.
 */
export function permits(rules, address) {
  const bytes = parseAddress(address);
  if (bytes === undefined) {
    return false;
  }
  const inner = bytes.length === 16 ? embedded(bytes) : undefined;
  return permitsAs(rules, bytes) && (inner === undefined || permitsAs(rules, inner));
}

/** The bytes of an address, 4 or 16; undefined if it is none. */
export function parseAddress(text) {
  const address = text.split('%', 1)[0];
  switch (net.isIP(address)) {
    case 4: return Uint8Array.from(address.split('.'), Number);
    case 6: return parseSix(address);
    default: return undefined;
  }
}

function permitsAs(rules, bytes) {
  return !contains(rules.deny, bytes) || contains(rules.allow, bytes);
}

function contains(networks, bytes) {
  return networks.some((network) => network.bytes.length === bytes.length && sharesPrefix(network, bytes));
}

function sharesPrefix({ bytes: prefix, bits }, bytes) {
  const whole = bits >> 3;
  for (let at = 0; at < whole; at += 1) {
    if (prefix[at] !== bytes[at]) {
      return false;
    }
  }
  const rest = bits & 7;
  return rest === 0 || (prefix[whole] ^ bytes[whole]) >> (8 - rest) === 0;
}

function parseNetwork(text) {
  const [, address, length] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? [];
  const bytes = address === undefined || address.includes('%') ? undefined : parseAddress(address);
  const bits = Number(length);
  if (bytes === undefined || bits > bytes.length * 8) {
    throw new Error(`\`${text}\` is not a network in CIDR form`);
  }
  return { bytes, bits };
}

function parseSix(text) {
  // The last four bytes may be written as an IPv4 address.
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  const [head, tail] = hex.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  }));
}

// The IPv4 address that an IPv6 address embeds. Its form, not the policy, says where; `wit/http.wit` has the table.
function embedded(bytes) {
  const groups = Array.from({ length: 8 }, (_, n) => (bytes[2 * n] << 8) | bytes[2 * n + 1]);
  const zero = (from, to) => groups.slice(from, to).every((group) => group === 0);
  const at = (start) => bytes.slice(start, start + 4);
  if (zero(0, 7)) {
    return undefined; // :: and ::1, which are no IPv4-compatible addresses
  }
  if (zero(0, 5) && (groups[5] === 0 || groups[5] === 0xffff)) {
    return at(12); // compatible and mapped (RFC 4291, 2.5.5)
  }
  if (zero(0, 4) && groups[4] === 0xffff && groups[5] === 0) {
    return at(12); // translated (RFC 2765)
  }
  if (groups[0] === 0x2002) {
    return at(2); // 6to4 (RFC 3056)
  }
  if (groups[0] === 0x64 && groups[1] === 0xff9b && (zero(2, 6) || groups[2] === 1)) {
    return at(12); // NAT64 (RFC 6052, RFC 8215)
  }
  if (groups[0] === 0x2001 && groups[1] === 0) {
    return at(12).map((byte) => byte ^ 0xff); // Teredo (RFC 4380)
  }
  if ((groups[4] === 0 || groups[4] === 0x200) && groups[5] === 0x5efe) {
    return at(12); // ISATAP under any prefix (RFC 5214)
  }
  return undefined;
}
