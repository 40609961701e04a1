/** The health thread's end of the channel to the role thread. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { RoleNudge, RoleReports } from '../core/role/messages.js';
import type { CheckRunner } from './runner.js';

/** Comes with the port once the role thread runs. */
export interface RoleChannel {
  readonly type: 'role-channel';
  readonly port: MessagePort;
}

export class RoleInbox {
  private port: MessagePort | null = null;
  /** Results of an earlier configuration are about other servers or addresses. */
  private revision = 0;

  constructor(private readonly runner: CheckRunner) {}

  open(port: MessagePort): void {
    this.port = port;
    this.runner.nudgeRole = (key, isTraffic = false) => port.postMessage({ key, isTraffic } satisfies RoleNudge);
  }

  /** Results from now on are for this configuration. */
  expect(revision: number): void {
    this.revision = revision;
  }

  /** Reads what has come, in order. */
  drain(): void {
    const { port } = this;
    if (port === null) return;
    for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port))
      this.take(message.message as RoleReports);
  }

  private take({ revision, results, alarms }: RoleReports): void {
    for (const alarm of alarms) this.runner.roleAlarm(alarm);
    if (revision < this.revision) return; // each is told again under the configuration of now
    for (const result of results) this.runner.roleEnded(result);
  }

  close(): void {
    this.port?.close();
  }
}
