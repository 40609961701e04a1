/** Ethernet II headers, for frames that are built whole. MAC addresses are six bytes. */

export const ETHERNET_BYTES = 14;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;
export const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255);

/** @returns a frame of that size, its header written */
export function frame(size: number, destination: Uint8Array, source: Uint8Array, ethertype: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(destination);
  bytes.set(source, 6);
  putShort(bytes, 12, ethertype);
  return bytes;
}

export function putShort(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

export function shortAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** `02:00:5e:00:01:33` */
export function macText(bytes: Uint8Array, at = 0): string {
  return Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** @returns undefined where the text is no MAC address */
export function macBytes(text: string): Uint8Array | undefined {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}
