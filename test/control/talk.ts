/** Asks a control socket as a client of the wire would. */
import { createConnection, type NetConnectOpts } from 'node:net';

/** Sends the text, closes the sending side unless told not to, and returns all that comes until the other side closes. */
export function talk(to: NetConnectOpts, text: string, halfClose = true): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ ...to, allowHalfOpen: true });
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => {
      socket.end();
      resolve(answer);
    });
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)));
    if (halfClose) socket.end(text);
    else socket.write(text);
  });
}
