/** Events of a connection in mode http, by the state it is in. */
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from '../../linux/constants.js';
import { finish } from '../finish.js';
import { HTTP_EXCHANGE, HTTP_HEAD, HTTP_IDLE, HTTP_REPLY, HTTP_RULES, QUEUED, type Session } from '../session.js';
import { closeQuietly } from './end-transaction.js';
import { advance, onExchangeEvents } from './exchange.js';
import { readBody, readRequest } from './read-request.js';
import { flushReply } from './reply.js';

const READ_EVENTS = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const HANGUP_EVENTS = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const GONE_EVENTS = EPOLLHUP | EPOLLERR;

export function onHttpEvents(session: Session, fd: number, events: number): void {
  if (session.state === HTTP_EXCHANGE) onExchangeEvents(session, fd, events);
  else if (fd === session.serverFd) session.onConnectEvents(events);
  else onClientEvents(session, events);
}

/** The client speaks, takes or leaves while no server is there. */
function onClientEvents(session: Session, events: number): void {
  const { toServer, toClient } = session;
  if (events & READ_EVENTS) toServer.readable = true;
  if (events & HANGUP_EVENTS) toServer.hungUp = true;
  if (events & EPOLLOUT) toClient.writable = true;
  switch (session.state) {
    case HTTP_IDLE:
    case HTTP_HEAD:
      if (events & READ_EVENTS) readRequest(session);
      break;
    case HTTP_REPLY:
      if (events & GONE_EVENTS) closeQuietly(session, session.http!.transaction!, 'C', 'D');
      else if (events & EPOLLOUT) flushReply(session);
      break;
    case HTTP_RULES:
      onWaitingEvents(session, events);
      break;
    default:
      if (clientLeft(session, events)) finish(session, 'C', session.state === QUEUED ? 'Q' : 'C');
  }
}

/** Rules wait: for more of the body, or for time to pass. */
function onWaitingEvents(session: Session, events: number): void {
  const tx = session.http!.transaction!;
  if (events & GONE_EVENTS) closeQuietly(session, tx, 'C', 'R');
  else if (events & READ_EVENTS && tx.run.reply === null && tx.serviceRequest === 0) readBody(session, tx);
}

/** Only with `option abortonclose` is a client's end (not its disappearance) a wish to stop. */
function clientLeft(session: Session, events: number): boolean {
  if (events & GONE_EVENTS) return true;
  return (events & EPOLLRDHUP) !== 0 && session.backend?.proxy.options.abortonclose === true;
}

/** The next turn of the loop has come: the next of pipelined requests, or the rest of a long body. */
export function onHttpContinue(session: Session): void {
  const http = session.http!;
  http.isContinuing = false;
  if (session.state === HTTP_EXCHANGE) advance(session);
  else if (session.state === HTTP_IDLE) readRequest(session);
}
