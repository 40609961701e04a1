/** A program: polls a port with 16 connections at a time for so many milliseconds, and prints how often it was answered. */
import { connect } from 'node:net';

const [port, ms] = process.argv.slice(2).map(Number);
const end = performance.now() + ms;
const counts = { polls: 0, wrong: 0 };
let running = 0;

function next(): void {
  if (performance.now() > end) {
    if (--running === 0) console.log(JSON.stringify(counts));
    return;
  }
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('connect', () => socket.write('OPTIONS / HTTP/1.0\r\n\r\n'));
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    counts.polls++;
    if (!text.startsWith('HTTP/1.1 200 OK\r\n')) counts.wrong++;
    next();
  });
}

for (; running < 16; running++) next();
