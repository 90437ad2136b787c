// Judges addresses under an egress policy. The component decides the policy. An address is judged by its bits, never by
// its text.

import net from 'node:net';

/** Returns a parsed policy. Throws if one of its networks is not in CIDR form. */
export function parseRules({ allow, deny }) {
  return { allow: allow.map(parseNetwork), deny: deny.map(parseNetwork) };
}

/**
 * Returns true if the policy permits connections to the address. If the address embeds an IPv4 address, both must be
 * permitted, because a gateway may deliver to the embedded one.
 */
export function permits(rules, address) {
  const bytes = parseAddress(address);
  if (bytes === undefined) {
    return false;
  }
  const inner = bytes.length === 16 ? embedded(bytes) : undefined;
  return permitsAs(rules, bytes) && (inner === undefined || permitsAs(rules, inner));
}

/** Returns the 4 or 16 bytes of an address, or undefined if the text is not an address. */
export function parseAddress(text) {
  const address = text.split('%', 1)[0];
  switch (net.isIP(address)) {
    case 4: return Uint8Array.from(address.split('.'), Number);
    case 6: return parseIpv6(address);
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
  for (let index = 0; index < whole; index += 1) {
    if (prefix[index] !== bytes[index]) {
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

function parseIpv6(text) {
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

// Returns the IPv4 address that an IPv6 address embeds, or undefined. `wit/http.wit` has the table of the forms.
function embedded(bytes) {
  const groups = Array.from({ length: 8 }, (_, n) => (bytes[2 * n] << 8) | bytes[2 * n + 1]);
  const zero = (start, end) => groups.slice(start, end).every((group) => group === 0);
  const from = (start) => bytes.slice(start, start + 4);
  if (zero(0, 7)) {
    return undefined; // :: and ::1 are not IPv4-compatible addresses
  }
  if (zero(0, 5) && (groups[5] === 0 || groups[5] === 0xffff)) {
    return from(12); // compatible and mapped (RFC 4291, 2.5.5)
  }
  if (zero(0, 4) && groups[4] === 0xffff && groups[5] === 0) {
    return from(12); // translated (RFC 2765)
  }
  if (groups[0] === 0x2002) {
    return from(2); // 6to4 (RFC 3056)
  }
  if (groups[0] === 0x64 && groups[1] === 0xff9b && (zero(2, 6) || groups[2] === 1)) {
    return from(12); // NAT64 (RFC 6052, RFC 8215)
  }
  if (groups[0] === 0x2001 && groups[1] === 0) {
    return from(12).map((byte) => byte ^ 0xff); // Teredo (RFC 4380)
  }
  if ((groups[4] === 0 || groups[4] === 0x200) && groups[5] === 0x5efe) {
    return from(12); // ISATAP under any prefix (RFC 5214)
  }
  return undefined;
}
