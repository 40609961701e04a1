/** sd_notify(3): tells the service manager how far we are. Without NOTIFY_SOCKET nobody asked, and nothing is sent. */
import { sendUnixDatagram } from '../linux/process.js';

/** @param state `READY=1`, `RELOADING=1`, `STOPPING=1` and the like, one per line */
function notify(state: string, path = process.env.NOTIFY_SOCKET): void {
  if (path) sendUnixDatagram(path, state);
}

export function notifyReady(): void {
  notify(`READY=1\nMAINPID=${process.pid}`);
}

/** `Type=notify-reload` wants the monotonic time along (sd_notify(3)). */
export function notifyReloading(): void {
  notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
}

export function notifyStopping(): void {
  notify('STOPPING=1');
}
